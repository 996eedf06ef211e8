// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/writer.h"

#include "lib/base/text.h"
#include "lib/dbus/names.h"

namespace boxctl::dbus {

Writer& Writer::align(size_t to) {
    bytes_.append((to - bytes_.size() % to) % to, '\0');
    return *this;
}

Writer& Writer::u8(uint8_t value) {
    bytes_ += static_cast<char>(value);
    return *this;
}

Writer& Writer::number(uint64_t value, size_t size) {
    align(size);
    for (size_t i = 0; i < size; i++)
        bytes_ += static_cast<char>(value >> (8 * i) & 0xffU);
    return *this;
}

Writer& Writer::string(std::string_view text) {
    if (!is_utf8(text)) return string(printable(text));
    u32(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
    bytes_ += '\0';
    return *this;
}

Writer& Writer::signature(std::string_view text) {
    u8(static_cast<uint8_t>(text.size()));
    bytes_.append(text);
    bytes_ += '\0';
    return *this;
}

Writer::Array Writer::array(char element) {
    u32(0);
    const size_t length_at = bytes_.size() - 4;
    align(alignment_of(element));
    return {length_at, bytes_.size()};
}

void Writer::put(size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; i++)
        bytes_[at + i] = static_cast<char>(value >> (8 * i) & 0xffU);
}

Writer& Writer::end(const Array& array) {
    put(array.length_at, static_cast<uint32_t>(bytes_.size() - array.begin));
    return *this;
}

Writer& Writer::strings(const std::vector<std::string>& texts) {
    const Array list = array('s');
    for (const std::string& text : texts)
        string(text);
    return end(list);
}

}  // namespace boxctl::dbus
