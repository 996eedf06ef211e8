// SPDX-License-Identifier: LGPL-2.1-or-later
// INI: the lines of a settings file, in the syntax of systemd.syntax(7), read by inih. Pure.
//
// inih alone is not that syntax: it cuts lines at 199 bytes, takes " ;" for a comment, knows no
// backslash at the end of a line and tells no line numbers. ini.cc feeds it with lines that it
// cannot misread; what cannot be carried that way is an error, never a different value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::settings {

struct IniEntry {
    std::string section;
    std::string key;
    std::string value;  ///< without the blanks around it; continued lines are joined by a blank
    unsigned line = 0;  ///< where it begins, from 1
};

struct IniFile {
    struct Oddity {
        unsigned line = 0;
        std::string text;  ///< why the line was passed over
    };
    std::vector<IniEntry> entries;
    std::vector<Oddity> oddities;
};

/// Lines that are no assignment are passed over and told. An error, which begins with the number of
/// its line: a control character, or a section header that does not end.
Result<IniFile> parse_ini(std::string_view text);

}  // namespace boxctl::settings
