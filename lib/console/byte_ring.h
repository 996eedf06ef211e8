// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace boxctl::console {

/// A first-in first-out buffer of `Capacity` bytes (a power of two) that never grows. The array is
/// left unset: pages that are not used cost nothing.
template <size_t Capacity>
class ByteRing {
    static_assert(Capacity != 0 && (Capacity & (Capacity - 1)) == 0);

 public:
    ByteRing() {}  // NOLINT(modernize-use-equals-default): value-initialization would touch bytes_

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] size_t size() const { return end_ - begin_; }
    [[nodiscard]] size_t free() const { return Capacity - size(); }

    /// The content, oldest byte first; the second part is empty unless the content wraps.
    [[nodiscard]] std::array<std::span<const char>, 2> parts() const {
        const size_t at = begin_ % Capacity;
        const size_t first = std::min(size(), Capacity - at);
        return {std::span(bytes_).subspan(at, first), std::span(bytes_).first(size() - first)};
    }
    [[nodiscard]] std::span<const char> front() const { return parts()[0]; }

    /// Removes the `count` <= size() oldest bytes.
    void consume(size_t count) { begin_ += count; }

    /// Appends what has to fit: data.size() <= free().
    void push(std::span<const char> data) {
        const size_t at = end_ % Capacity;
        const size_t first = std::min(data.size(), Capacity - at);
        std::copy_n(data.begin(), first, bytes_.begin() + static_cast<ptrdiff_t>(at));
        std::copy(data.begin() + static_cast<ptrdiff_t>(first), data.end(), bytes_.begin());
        end_ += data.size();
    }

    /// Appends, giving up the oldest bytes where there is no room.
    void push_latest(std::span<const char> data) {
        if (data.size() > Capacity) data = data.last(Capacity);
        if (data.size() > free()) consume(data.size() - free());
        push(data);
    }

 private:
    std::array<char, Capacity> bytes_;
    size_t begin_ = 0;  // both only ever grow; the place is their remainder
    size_t end_ = 0;
};

}  // namespace boxctl::console
