// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/sequence.h"

namespace boxctl::console {
namespace {

constexpr char kBell = '\a';

bool between(char byte, char first, char last) {
    return byte >= first && byte <= last;
}

size_t skip_between(std::string_view text, size_t at, char first, char last) {
    while (at < text.size() && between(text[at], first, last))
        at++;
    return at;
}

/// Behind the final byte of a sequence; where there is none the sequence ends before what cannot
/// belong to it.
size_t behind_final(std::string_view text, size_t at, char first) {
    return at < text.size() && between(text[at], first, '~') ? at + 1 : at;
}

/// Of OSC, DCS and their like, which hold text up to BEL or ESC \. One without an end counts as its
/// introducer alone: it must not hide the rest of the line.
size_t string_length(std::string_view text) {
    for (size_t at = 2; at < text.size(); at++) {
        if (text[at] == kBell) return at + 1;
        if (text[at] != kEscapeByte) continue;
        return at + 1 < text.size() && text[at + 1] == '\\' ? at + 2 : at;
    }
    return 2;
}

}  // namespace

size_t sequence_length(std::string_view text) {
    if (text.size() == 1) return 1;
    switch (text[1]) {
        case '[': {  // CSI: parameters, intermediate bytes, a final one
            const size_t parameters = skip_between(text, 2, '0', '?');
            return behind_final(text, skip_between(text, parameters, ' ', '/'), '@');
        }
        case ']':
        case 'P':
        case 'X':
        case '^':
        case '_':
            return string_length(text);
        default:
            return behind_final(text, skip_between(text, 1, ' ', '/'), '0');
    }
}

}  // namespace boxctl::console
