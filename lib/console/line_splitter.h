// SPDX-License-Identifier: LGPL-2.1-or-later
// LineSplitter: lines out of the bytes of a terminal, however they arrive. What a box writes may be
// one endless line, so a line comes in pieces of at most kLongestPiece bytes and nothing grows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace boxctl::console {

inline constexpr size_t kLongestPiece = 4096;  ///< bytes

class LineSplitter {
 public:
    /// Calls `take(std::string_view piece, bool ends_line)` for each piece that is complete. A line
    /// ends at LF; the CR that terminals put before it is not part of the line.
    template <class Take>
    void feed(std::span<const char> data, Take take) {
        for (const char byte : data) {
            if (byte == '\n') {
                if (size_ > 0 && buffer_[size_ - 1] == '\r') size_--;
                end_piece(true, take);
                continue;
            }
            if (size_ == kLongestPiece) end_piece(false, take);
            buffer_[size_++] = byte;
        }
    }

    /// Calls `take(piece, false)` for what stands of an unfinished line, if anything does. A CR at
    /// its end stays: it may belong to the end of the line.
    template <class Take>
    void flush(Take take) {
        const bool kept = size_ > 0 && buffer_[size_ - 1] == '\r';
        if (kept) size_--;
        if (size_ > 0) end_piece(false, take);
        if (kept) buffer_[size_++] = '\r';
    }

    /// Whether flush() would have something to give.
    [[nodiscard]] bool pending() const { return size_ > 1 || (size_ == 1 && buffer_[0] != '\r'); }

 private:
    template <class Take>
    void end_piece(bool ends_line, Take& take) {
        take(std::string_view(buffer_.data(), std::exchange(size_, 0)), ends_line);
    }

    std::array<char, kLongestPiece> buffer_;
    size_t size_ = 0;
};

}  // namespace boxctl::console
