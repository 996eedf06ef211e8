// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/page.h"

#include <string.h>

#include "lib/init/text.h"

namespace boxctl::init {

namespace {

/// Length of the UTF-8 sequence at `bytes`, 0 when there is none (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
size_t sequence_length(const unsigned char* bytes, size_t count) {
    const unsigned char first = bytes[0];
    if (first < 0x80) return 1;
    const size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                          : (first & 0xf0U) == 0xe0        ? 3
                          : first >= 0xf0 && first <= 0xf4 ? 4
                                                           : 0;
    if (length == 0 || length > count) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((bytes[i] & 0xc0U) != 0x80) return 0;
    }
    const unsigned char second = bytes[1];
    const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return bad ? 0 : length;
}

}  // namespace

void Page::put(char c) {
    if (used_ == room_) {
        cut_ = true;
        return;
    }
    buffer_[used_++] = c;
    if (c == '\n') line_ = used_;
}

Page& Page::add(const char* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i)
        put(bytes[i]);
    return *this;
}

Page& Page::add(const char* text) {
    return add(text, strlen(text));
}

Page& Page::add(int64_t number) {
    Line digits;
    digits.add(number);
    return add(digits.text(), digits.size());
}

Page& Page::json(const char* bytes, size_t count) {
    static constexpr char kHex[] = "0123456789abcdef";
    put('"');
    for (size_t i = 0; i < count;) {
        const auto* at = reinterpret_cast<const unsigned char*>(bytes + i);
        const size_t length = sequence_length(at, count - i);
        if (length == 0) {
            add("\\ufffd");
        } else if (*at == '"' || *at == '\\') {
            put('\\');
            put(static_cast<char>(*at));
        } else if (*at < 0x20 || *at == 0x7f) {
            add("\\u00");
            put(kHex[*at >> 4]);
            put(kHex[*at & 15]);
        } else {
            add(bytes + i, length);
        }
        i += length == 0 ? 1 : length;
    }
    put('"');
    return *this;
}

Page& Page::json(const char* text) {
    return json(text, strlen(text));
}

Page& Page::column(size_t column) {
    do {
        put(' ');
    } while (!cut_ && used_ - line_ < column);
    return *this;
}

}  // namespace boxctl::init
