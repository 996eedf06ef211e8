// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/log_match.h"

#include <regex.h>

namespace boxctl::supervise {

bool LogMatch::feed(std::span<const char> bytes) {
    for (const char byte : bytes) {
        if (byte == '\n') {
            if (matches()) return true;
            line_.clear();
            escape_ = Escape::none;
        } else {
            take(byte);
        }
    }
    return !line_.empty() && matches();
}

/// ESC '[' parameters final: a control sequence (ECMA-48); ESC and one byte else.
void LogMatch::take(char byte) {
    switch (escape_) {
        case Escape::begun:
            escape_ = byte == '[' ? Escape::sequence : Escape::none;
            return;
        case Escape::sequence:
            if (byte >= 0x40 && byte <= 0x7e) escape_ = Escape::none;
            return;
        case Escape::none:
            break;
    }
    if (byte == '\x1b') {
        escape_ = Escape::begun;
        return;
    }
    const bool control = (byte >= 0 && byte < ' ' && byte != '\t') || byte == 0x7f;
    if (!control && line_.size() < kLongestLine) line_ += byte;
}

bool LogMatch::matches() const {
    regex_t compiled;
    if (regcomp(&compiled, pattern_.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
    const bool found = regexec(&compiled, line_.c_str(), 0, nullptr, 0) == 0;
    regfree(&compiled);
    return found;
}

}  // namespace boxctl::supervise
