// SPDX-License-Identifier: LGPL-2.1-or-later
// Writer: marshals values, little-endian. The caller keeps to the signature it announces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace boxctl::dbus {

class Writer {
 public:
    Writer& u8(uint8_t value);
    Writer& u16(uint16_t value) { return number(value, 2); }
    Writer& u32(uint32_t value) { return number(value, 4); }
    Writer& u64(uint64_t value) { return number(value, 8); }
    Writer& i32(int32_t value) { return u32(static_cast<uint32_t>(value)); }
    Writer& boolean(bool value) { return u32(value ? 1 : 0); }
    /// A string or object path. What is not valid UTF-8, which D-Bus does not carry, is escaped.
    Writer& string(std::string_view text);
    Writer& signature(std::string_view text);
    /// The value of this type follows.
    Writer& variant(std::string_view type) { return signature(type); }
    Writer& structure() { return align(8); }

    struct Array {
        size_t length_at;
        size_t begin;
    };
    /// Of elements that `element` is the first character of the type of.
    Array array(char element);
    Writer& end(const Array& array);
    Writer& strings(const std::vector<std::string>& texts);

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    std::string take() && { return std::move(bytes_); }
    Writer& align(size_t to);

 private:
    Writer& number(uint64_t value, size_t size);
    void put(size_t at, uint32_t value);

    std::string bytes_;
};

}  // namespace boxctl::dbus
