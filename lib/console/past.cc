// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/past.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/console/sequence.h"

namespace boxctl::console {
namespace {

bool is_control(char byte) {
    return static_cast<unsigned char>(byte) < ' ' || byte == '\x7f';
}

bool moves_the_cursor(char byte) {
    return byte == '\n' || byte == '\r' || byte == '\t' || byte == '\b';
}

/// CSI, numbers, m: "select graphic rendition". Others that end in m begin with < = > or ?.
bool is_colour(std::string_view sequence) {
    if (!sequence.starts_with("\x1b[") || !sequence.ends_with('m')) return false;
    return sequence.substr(2).find_first_not_of("0123456789;:m") == std::string_view::npos;
}

}  // namespace

std::string past_of(std::string_view output) {
    std::string past;
    while (!output.empty()) {
        size_t length = 1;
        if (output.front() == kEscapeByte) {
            length = sequence_length(output);
            if (is_colour(output.substr(0, length))) past += output.substr(0, length);
        } else if (is_control(output.front())) {
            if (moves_the_cursor(output.front())) past += output.front();
        } else {
            const auto* const end = std::find_if(output.begin(), output.end(), is_control);
            length = static_cast<size_t>(end - output.begin());
            past += printable(output.substr(0, length));
        }
        output.remove_prefix(length);
    }
    return past;
}

}  // namespace boxctl::console
