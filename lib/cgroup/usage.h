// SPDX-License-Identifier: LGPL-2.1-or-later
// Usage: what a box takes and has taken, as its cgroup says; reads only.
//
// The kernel's side: Documentation/admin-guide/cgroup-v2.rst. Without a controller the processes
// themselves are asked, where that is possible, and what cannot be had is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::cgroup {

struct Usage {
    std::optional<uint64_t> cpu_us;         ///< processor time since the cgroup was made, µs
    std::optional<uint64_t> memory;         ///< bytes
    bool memory_of_processes = false;       ///< no controller: their proportional share, summed up
    std::optional<uint64_t> memory_max;     ///< bytes; nothing: no limit, or no controller
    std::optional<uint64_t> memory_peak;    ///< bytes (Linux 5.19)
    std::optional<uint64_t> swap;           ///< bytes
    std::optional<uint64_t> tasks;          ///< processes and threads
    std::optional<uint64_t> tasks_max;      ///< nothing: no limit, or no controller
    std::optional<uint64_t> bytes_read;     ///< from block devices
    std::optional<uint64_t> bytes_written;  ///< to block devices
    std::optional<uint64_t> oom_kills;      ///< processes that the kernel killed for memory
};

/// Of the box whose cgroup is `dir`. Members of a cgroup that has just been removed are empty.
Usage read_usage(os::BorrowedFd dir);

/// Of Usage, that alone.
std::optional<uint64_t> read_oom_kills(os::BorrowedFd dir);

/// Whether all of the box is frozen: see freeze_box() of apply.h.
bool is_frozen(os::BorrowedFd dir);

}  // namespace boxctl::cgroup
