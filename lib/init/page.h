// SPDX-License-Identifier: LGPL-2.1-or-later
// Longer text than a Line, in a buffer that somebody else owns; JSON included.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace boxctl::init {

class Page {
 public:
    Page(char* buffer, size_t room) : buffer_(buffer), room_(room) {}

    Page& add(const char* text);
    Page& add(const char* bytes, size_t count);
    Page& add(int64_t number);
    /// A JSON string; bytes that are no UTF-8 become U+FFFD.
    Page& json(const char* bytes, size_t count);
    Page& json(const char* text);
    /// Blanks up to column `column` of the current line, at least one.
    Page& column(size_t column);

    [[nodiscard]] const char* text() const { return buffer_; }
    [[nodiscard]] size_t size() const { return used_; }
    /// Something did not fit.
    [[nodiscard]] bool is_cut() const { return cut_; }

 private:
    void put(char c);

    char* buffer_;
    size_t room_;
    size_t used_ = 0;
    size_t line_ = 0;  ///< where the current line begins
    bool cut_ = false;
};

}  // namespace boxctl::init
