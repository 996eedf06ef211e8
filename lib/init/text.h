// SPDX-License-Identifier: LGPL-2.1-or-later
// Text without a C++ library, without a heap and without stdio.
//
// box-init runs where memory may be gone, so a message is built in a fixed buffer on the stack and
// leaves in one write(2): concurrent writers cannot tear it, and a full disk or a closed stderr
// costs nothing but the message.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace boxctl::init {

/// Whether both texts are the same bytes.
bool equal(const char* left, const char* right);

/// What follows `prefix` in `text`; null when `text` does not begin with it.
const char* after_prefix(const char* text, const char* prefix);

/// The part of `path` behind its last slash.
const char* base_name(const char* path);

/// Decimal digits at `text` up to `maximum`; `end` is set behind the last digit. False for no
/// digit or a larger number; `value` is then left as it was.
bool read_number(const char* text, uint32_t maximum, uint32_t& value, const char*& end);

/// The whole of `text` as a decimal number up to `maximum`; else false, and `value` as it was.
bool parse_number(const char* text, uint32_t maximum, uint32_t& value);

/// The text the C library has for `code`, without locale; never null.
const char* errno_text(int code);

/// One message, at most kCapacity bytes; what does not fit is cut and marked "...".
class Line {
 public:
    static constexpr size_t kCapacity = 512;

    Line& add(const char* text);
    Line& add(int64_t number);
    /// 'text' in quotes, with bytes a terminal could act upon as \xNN.
    Line& quoted(const char* text);
    /// Ends the line and writes it; a short or failed write loses the message, by design.
    void write_to(int fd);

    [[nodiscard]] const char* text() const { return text_; }
    [[nodiscard]] size_t size() const { return used_; }

 private:
    void put(char c);

    char text_[kCapacity + 8] = {};
    size_t used_ = 0;
    bool cut_ = false;
};

/// How much box-init says; the numbers are those of -v and TINI_VERBOSITY.
enum class Level : uint8_t { error = 0, warning = 1, info = 2, debug = 3 };

/// Sets what say() lets through; warnings and errors at the start.
void set_verbosity(uint32_t level);

/// Whether a message of `level` would be printed.
bool says(Level level);

/// A Line that begins with "box-init: ".
Line message();

/// Writes `line` to standard error if `level` is wanted.
void say(Level level, Line& line);

}  // namespace boxctl::init
