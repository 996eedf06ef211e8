// SPDX-License-Identifier: LGPL-2.1-or-later
// What a descriptor in the supervisor's epoll set stands for.
#pragma once

#include <stdint.h>

namespace boxctl::init {

enum Watch : uint32_t {
    watch_signals,
    watch_log,
    watch_notify,
    watch_ready,
    watch_probe,
    watch_leaf,
    watch_listener,
    watch_client,
};

constexpr uint64_t watch_tag(uint32_t kind, uint32_t index) {
    return uint64_t{kind} << 32 | index;
}

}  // namespace boxctl::init
