// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

namespace boxctl::init {

namespace {

uint32_t verbosity = static_cast<uint32_t>(Level::warning);

}  // namespace

bool equal(const char* left, const char* right) {
    return strcmp(left, right) == 0;
}

const char* after_prefix(const char* text, const char* prefix) {
    const size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : nullptr;
}

const char* base_name(const char* path) {
    const char* slash = strrchr(path, '/');
    return slash == nullptr ? path : slash + 1;
}

bool read_number(const char* text, uint32_t maximum, uint32_t& value, const char*& end) {
    uint64_t sum = 0;
    end = text;
    for (; *end >= '0' && *end <= '9'; ++end) {
        sum = sum * 10 + static_cast<uint64_t>(*end - '0');
        if (sum > maximum) return false;
    }
    if (end == text) return false;
    value = static_cast<uint32_t>(sum);
    return true;
}

bool parse_number(const char* text, uint32_t maximum, uint32_t& value) {
    uint32_t read = 0;
    const char* end = nullptr;
    if (!read_number(text, maximum, read, end) || *end != '\0') return false;
    value = read;
    return true;
}

const char* errno_text(int code) {
#ifdef __GLIBC__
    // strerror() of glibc translates, which drags the whole locale machinery into a static binary.
    const char* text = strerrordesc_np(code);
#else
    const char* text = strerror(code);
#endif
    return text == nullptr ? "unknown error" : text;
}

void Line::put(char c) {
    if (used_ < kCapacity) {
        text_[used_++] = c;
    } else {
        cut_ = true;
    }
}

Line& Line::add(const char* text) {
    for (; *text != '\0'; ++text)
        put(*text);
    return *this;
}

Line& Line::add(int64_t number) {
    char digits[24] = {};
    size_t at = sizeof digits - 1;
    // The magnitude as unsigned: negating the smallest int64_t would overflow.
    uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    do {
        digits[--at] = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) digits[--at] = '-';
    return add(digits + at);
}

Line& Line::quoted(const char* text) {
    static constexpr char kHex[] = "0123456789abcdef";
    put('\'');
    for (; *text != '\0'; ++text) {
        const unsigned char byte = static_cast<unsigned char>(*text);
        if (byte >= 0x20 && byte < 0x7f) {
            put(*text);
            continue;
        }
        put('\\');
        put('x');
        put(kHex[byte >> 4]);
        put(kHex[byte & 15]);
    }
    put('\'');
    return *this;
}

void Line::write_to(int fd) {
    if (cut_) {
        memcpy(text_ + used_, "...", 3);
        used_ += 3;
        cut_ = false;
    }
    text_[used_] = '\n';
    const ssize_t written = write(fd, text_, used_ + 1);
    (void)written;
}

void set_verbosity(uint32_t level) {
    verbosity = level;
}

bool says(Level level) {
    return static_cast<uint32_t>(level) <= verbosity;
}

Line message() {
    Line line;
    line.add("box-init: ");
    return line;
}

void say(Level level, Line& line) {
    if (says(level)) line.write_to(STDERR_FILENO);
}

}  // namespace boxctl::init
