// SPDX-License-Identifier: LGPL-2.1-or-later
// Pauses: how long to wait before something that failed is tried again. Times are microseconds of
// event::now_us().
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/event/loop.h"

namespace boxctl::supervise {

/// Each pause is twice the one before, up to a minute: whoever is not there may never be. One that
/// has shown a sign of life within the last two minutes is being restarted, or will be by somebody
/// soon: up to there four seconds are the most.
class Pauses {
 public:
    static constexpr uint64_t kFirst = event::kSecond;
    static constexpr uint64_t kLongest = 60 * event::kSecond;
    static constexpr uint64_t kLongestSoon = 4 * event::kSecond;
    static constexpr uint64_t kSoon = 120 * event::kSecond;

    /// It is there, or was a moment ago.
    void alive(uint64_t now) { alive_until_ = now + kSoon; }
    /// It did what it was asked for.
    void succeeded(uint64_t now) {
        alive(now);
        next_ = kFirst;
    }
    /// The pause that begins now.
    uint64_t take(uint64_t now) {
        const uint64_t pause = now < alive_until_ ? std::min(next_, kLongestSoon) : next_;
        next_ = std::min(2 * pause, kLongest);
        return pause;
    }

 private:
    uint64_t alive_until_ = 0;
    uint64_t next_ = kFirst;
};

}  // namespace boxctl::supervise
