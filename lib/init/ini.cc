// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/ini.h"

#include <string.h>

namespace boxctl::init {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/// Cuts blanks off both ends of what is in `text`.
char* trim(char* text) {
    while (is_blank(*text))
        ++text;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        text[--length] = '\0';
    return text;
}

}  // namespace

bool IniReader::read_line(const char*& fault) {
    size_t used = 0;
    bool goes_on = true;
    begins_ = number_ + 1;
    if (at_ >= size_) return false;
    while (goes_on && at_ < size_) {
        const char* begin = text_ + at_;
        const void* newline = memchr(begin, '\n', size_ - at_);
        const size_t length =
                newline == nullptr ? size_ - at_
                                   : static_cast<size_t>(static_cast<const char*>(newline) - begin);
        at_ += length + 1;
        ++number_;
        if (memchr(begin, '\0', length) != nullptr) fault = "has a zero byte";
        if (used + length + 2 > sizeof line_) fault = "is longer than 4095 bytes";
        if (fault != nullptr) return true;
        memcpy(line_ + used, begin, length);
        used += length;
        while (used > 0 && is_blank(line_[used - 1]))
            --used;
        const bool comment = line_[0] == '#' || line_[0] == ';';
        goes_on = !comment && used > 0 && line_[used - 1] == '\\';
        if (goes_on) line_[used - 1] = ' ';
    }
    line_[used] = '\0';
    return true;
}

IniItem IniReader::take_section() {
    char* name = trim(line_);
    const size_t length = strlen(name);
    if (name[length - 1] != ']') return fault("section without ]");
    name[length - 1] = '\0';
    return {IniKind::section, begins_, trim(name + 1), nullptr};
}

IniItem IniReader::take_value() {
    char* line = trim(line_);
    char* equals = strchr(line, '=');
    if (equals == nullptr) return fault("neither [SECTION] nor KEY=VALUE");
    *equals = '\0';
    const char* key = trim(line);
    if (*key == '\0') return fault("no key in front of =");
    return {IniKind::value, begins_, key, trim(equals + 1)};
}

IniItem IniReader::next() {
    const char* problem = nullptr;
    while (read_line(problem)) {
        if (problem != nullptr) {
            at_ = size_;
            return fault(problem);
        }
        const char* line = trim(line_);
        if (*line == '\0' || *line == '#' || *line == ';') continue;
        return *line == '[' ? take_section() : take_value();
    }
    return {IniKind::end, number_, nullptr, nullptr};
}

}  // namespace boxctl::init
