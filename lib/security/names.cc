// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/names.h"

#include "lib/base/text.h"

namespace boxctl::security {

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

Error unknown_name(std::string_view kind, std::string_view given, std::string_view wanted,
                   const std::vector<std::string>& names) {
    Error error("unknown " + std::string(kind) + " " + quote(given));
    const std::string near = nearest(wanted, names);
    if (!near.empty()) error.set_hint("did you mean " + near + "?");
    return error;
}

}  // namespace boxctl::security
