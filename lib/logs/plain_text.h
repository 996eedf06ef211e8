// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace boxctl::logs {

/// One line of a console as the text that a terminal would have ended up with: escape sequences
/// (ECMA-48) are left out, a carriage return or backspace takes back what it would be written
/// over, tabs stay. What then still is no printable character is shown as \xNN (printable()), so
/// that no terminal acts upon the result, whatever the box wrote (E3).
std::string plain_text(std::string_view line);

}  // namespace boxctl::logs
