// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines and fields of small text files, as views into the text.
#pragma once

#include <string_view>

namespace boxctl::host {

/// Removes the part of `text` up to `separator` (or all of it) and returns it without separator.
inline std::string_view take_field(std::string_view& text, char separator) {
    const size_t end = text.find(separator);
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return field;
}

/// Removes the first line and returns it without its end ("\n" or "\r\n").
inline std::string_view take_line(std::string_view& text) {
    std::string_view line = take_field(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace boxctl::host
