// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/result.h"

#include "lib/base/text.h"

namespace boxctl {

std::string Error::message() const {
    std::string line = text_;
    if (code_ != 0) line += ": " + errno_text(code_);
    if (!hint_.empty()) line += "; " + hint_;
    return line;
}

void Error::add_context(std::string_view outer) {
    text_.insert(0, std::string(outer) + ": ");
}

Error errno_error(std::string text) {
    const int code = errno;
    return {code, std::move(text)};
}

}  // namespace boxctl
