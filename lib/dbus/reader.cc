// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/reader.h"

#include "lib/dbus/names.h"

namespace boxctl::dbus {

std::string_view Reader::take(size_t length) {
    if (failed_ || length > bytes_.size() - at_) {
        failed_ = true;
        return {};
    }
    const std::string_view taken = bytes_.substr(at_, length);
    at_ += length;
    return taken;
}

void Reader::align(size_t to) {
    const size_t rest = at_ % to;
    if (rest == 0) return;
    for (const char byte : take(to - rest)) {
        if (byte != 0) failed_ = true;
    }
}

template <class T>
T Reader::number() {
    align(sizeof(T));
    const std::string_view bytes = take(sizeof(T));
    if (failed_) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(T); i++) {
        const size_t at = endian_ == Endian::big ? i : sizeof(T) - 1 - i;
        value = value << 8U | static_cast<uint8_t>(bytes[at]);
    }
    return static_cast<T>(value);
}

uint8_t Reader::u8() {
    return number<uint8_t>();
}
uint16_t Reader::u16() {
    return number<uint16_t>();
}
uint32_t Reader::u32() {
    return number<uint32_t>();
}
uint64_t Reader::u64() {
    return number<uint64_t>();
}

bool Reader::boolean() {
    const uint32_t value = u32();
    if (value > 1) failed_ = true;
    return !failed_ && value == 1;
}

/// `length` bytes and a NUL.
std::string_view Reader::terminated(size_t length) {
    const std::string_view text = take(length);
    const std::string_view end = take(1);
    if (failed_ || end[0] != '\0') failed_ = true;
    return failed_ ? std::string_view() : text;
}

std::string_view Reader::string() {
    const std::string_view text = terminated(u32());
    if (!is_utf8(text)) failed_ = true;
    return failed_ ? std::string_view() : text;
}

std::string_view Reader::object_path() {
    const std::string_view text = terminated(u32());
    if (!is_object_path(text)) failed_ = true;
    return failed_ ? std::string_view() : text;
}

std::string_view Reader::signature() {
    const std::string_view text = terminated(u8());
    if (!is_signature(text)) failed_ = true;
    return failed_ ? std::string_view() : text;
}

std::string_view Reader::variant() {
    const std::string_view type = signature();
    if (type.empty() || first_type(type).size() != type.size()) failed_ = true;
    return failed_ ? std::string_view() : type;
}

size_t Reader::array(char element) {
    const uint32_t length = u32();
    // The padding in front of the first element does not count, and is there without any, too.
    align(alignment_of(element));
    if (length > bytes_.size() - at_) failed_ = true;
    return failed_ ? at_ : at_ + length;
}

bool Reader::more(size_t end) {
    // An element that reached beyond its array.
    if (at_ > end) failed_ = true;
    return !failed_ && at_ < end;
}

void Reader::skip_array(std::string_view element, int depth) {
    const size_t end = array(element[0]);
    while (more(end))
        skip(element, depth + 1);
}

void Reader::skip(std::string_view type, int depth) {
    if (type.empty() || depth > kMaxDepth) failed_ = true;
    if (failed_) return;
    switch (type[0]) {
        case 'y':
            u8();
            return;
        case 'b':
            boolean();
            return;
        case 'n':
        case 'q':
            u16();
            return;
        case 'x':
        case 't':
        case 'd':
            u64();
            return;
        case 's':
            string();
            return;
        case 'o':
            object_path();
            return;
        case 'g':
            signature();
            return;
        case 'v':
            skip(variant(), depth + 1);
            return;
        case 'a':
            skip_array(type.substr(1), depth);
            return;
        case '(':
        case '{': {
            structure();
            std::string_view members = type.substr(1, type.size() - 2);
            while (!members.empty() && !failed_) {
                const std::string_view member = first_type(members);
                skip(member, depth + 1);
                members.remove_prefix(member.size());
            }
            return;
        }
        default:
            u32();
    }
}

}  // namespace boxctl::dbus
