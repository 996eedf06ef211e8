// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/names.h"

#include <algorithm>
#include <cstdint>

namespace boxctl::dbus {
namespace {

constexpr std::string_view kBasic = "ybnqiuxtdsogh";

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

size_t type_length(std::string_view text, int depth);

/// The members of a struct or dict entry, up to its closing bracket; 0 when malformed.
size_t members_length(std::string_view text, char end, int depth) {
    size_t used = 1;
    size_t count = 0;
    while (used < text.size() && text[used] != end) {
        // The key of a dict entry is a basic type.
        if (end == '}' && count == 0 && kBasic.find(text[used]) == std::string_view::npos) return 0;
        const size_t member = type_length(text.substr(used), depth + 1);
        if (member == 0) return 0;
        used += member;
        count++;
    }
    if (used >= text.size() || count == 0 || (end == '}' && count != 2)) return 0;
    return used + 1;
}

size_t type_length(std::string_view text, int depth) {
    if (text.empty() || depth > kMaxDepth) return 0;
    if (kBasic.find(text[0]) != std::string_view::npos || text[0] == 'v') return 1;
    if (text[0] == '(') return members_length(text, ')', depth);
    if (text[0] != 'a') return 0;
    // A dict entry is only found in an array.
    const bool dict = text.size() > 1 && text[1] == '{';
    const size_t element = dict ? members_length(text.substr(1), '}', depth + 1)
                                : type_length(text.substr(1), depth + 1);
    return element == 0 ? 0 : element + 1;
}

/// Elements between dots, at least `fewest` of them.
bool is_dotted(std::string_view text, size_t fewest, bool dashes, bool leading_digits) {
    if (text.empty() || text.size() > kMaxName) return false;
    size_t elements = 1;
    bool at_start = true;
    for (const char c : text) {
        if (c == '.') {
            if (at_start) return false;
            elements++;
            at_start = true;
            continue;
        }
        if (!is_letter(c) && !(dashes && c == '-') &&
            !(is_digit(c) && (!at_start || leading_digits))) {
            return false;
        }
        at_start = false;
    }
    return !at_start && elements >= fewest;
}

/// Length of the character that `text` begins with; 0: none that UTF-8 or D-Bus allows.
size_t first_character(std::string_view text) {
    const auto lead = static_cast<uint8_t>(text[0]);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    uint32_t code = lead & (0xffU >> (length + 1));
    for (const char byte : text.substr(1, length - 1)) {
        const auto next = static_cast<uint8_t>(byte);
        if ((next & 0xc0U) != 0x80) return 0;
        code = code << 6U | (next & 0x3fU);
    }
    static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < kLeast[length] || code > 0x10ffff || surrogate ? 0 : length;
}

}  // namespace

std::string_view first_type(std::string_view signature) {
    return signature.substr(0, type_length(signature, 0));
}

bool is_signature(std::string_view text) {
    if (text.size() > kMaxSignature) return false;
    while (!text.empty()) {
        const std::string_view type = first_type(text);
        if (type.empty()) return false;
        text.remove_prefix(type.size());
    }
    return true;
}

bool is_object_path(std::string_view text) {
    if (text == "/") return true;
    if (text.empty() || text.front() != '/' || text.back() == '/') return false;
    for (size_t i = 1; i < text.size(); i++) {
        if (text[i] == '/' ? text[i - 1] == '/' : !is_letter(text[i]) && !is_digit(text[i])) {
            return false;
        }
    }
    return true;
}

bool is_interface(std::string_view text) {
    return is_dotted(text, 2, false, false);
}

bool is_member(std::string_view text) {
    return text.find('.') == std::string_view::npos && is_dotted(text, 1, false, false);
}

bool is_bus_name(std::string_view text) {
    if (text.starts_with(':')) {
        return text.size() <= kMaxName && is_dotted(text.substr(1), 2, true, true);
    }
    return is_dotted(text, 2, true, false);
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const size_t length = first_character(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

size_t alignment_of(char code) {
    switch (code) {
        case 'y':
        case 'g':
        case 'v':
            return 1;
        case 'n':
        case 'q':
            return 2;
        case 'x':
        case 't':
        case 'd':
        case '(':
        case '{':
            return 8;
        default:
            return 4;
    }
}

}  // namespace boxctl::dbus
