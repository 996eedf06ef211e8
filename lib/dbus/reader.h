// SPDX-License-Identifier: LGPL-2.1-or-later
// Reader: takes values out of marshalled bytes that somebody hostile may have written.
//
// The first thing that is not as it should be makes it fail, for good: from then on every value is
// empty and failed() says so, so a caller reads a whole message and asks once. It never reads
// outside its bytes, and strings are views into them.
#pragma once

#include <cstdint>
#include <string_view>

namespace boxctl::dbus {

enum class Endian : uint8_t { little = 'l', big = 'B' };

class Reader {
 public:
    /// `bytes` begin at a multiple of 8 in their message.
    Reader(std::string_view bytes, Endian endian) : bytes_(bytes), endian_(endian) {}

    uint8_t u8();
    uint16_t u16();
    uint32_t u32();
    uint64_t u64();
    int32_t i32() { return static_cast<int32_t>(u32()); }
    bool boolean();
    std::string_view string();
    std::string_view object_path();
    std::string_view signature();
    /// Type of the value that follows, exactly one.
    std::string_view variant();

    /// Begins an array of elements that `element` is the first character of the type of. Read
    /// elements while more(end).
    size_t array(char element);
    bool more(size_t end);
    /// To the beginning of a struct or dict entry.
    void structure() { align(8); }
    /// Passes over one value of `type`.
    void skip(std::string_view type) { skip(type, 0); }

    void fail() { failed_ = true; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// Everything was read, and was as it should be.
    [[nodiscard]] bool finished() const { return !failed_ && at_ == bytes_.size(); }
    [[nodiscard]] size_t position() const { return at_; }

 private:
    void align(size_t to);
    std::string_view take(size_t length);
    template <class T>
    T number();
    std::string_view terminated(size_t length);
    void skip(std::string_view type, int depth);
    void skip_array(std::string_view element, int depth);

    std::string_view bytes_;
    Endian endian_;
    size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace boxctl::dbus
