// SPDX-License-Identifier: LGPL-2.1-or-later
// Live maps: which ids the processes of this machine have in user namespaces of their own.
//
// To find that out each process has to be looked at. Of many boxes that start one after another
// only the first does it: it leaves what it found, and the others look at the processes that are
// newer. What they do not see is a process that was there already and took other ids since, a few
// seconds ago at most.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/userns/overlap.h"

namespace boxctl::userns {

/// The maps of every live process outside our own user namespace. One readlink(2) for each process
/// below `proc` that is no thread of the kernel, and two small reads for each user namespace found.
Result<std::vector<NamedSpan>> read_live_maps(const std::string& proc);

/// What one look at all processes found.
struct Look {
    uint64_t time = 0;        ///< CLOCK_BOOTTIME, microseconds
    uint32_t newest_pid = 0;  ///< before it began
    std::vector<NamedSpan> spans;

    /// May whoever starts at `now`, when `newest` is the newest process, rely on it?
    [[nodiscard]] bool serves(uint64_t now, uint32_t newest) const;
};
std::string write_look(const Look& look);
/// None when it is no whole one.
std::optional<Look> parse_look(std::string_view text);

/// Does a box of ours have these ids?
using IsOurs = std::function<bool(const IdSpan& span)>;

/// The same as read_live_maps(), less what is ours, from the last look that is left in `dir` where
/// that serves. Else this look is left there.
Result<std::vector<NamedSpan>> read_recent_maps(const std::string& proc, os::BorrowedFd dir,
                                                const IsOurs& is_ours);

}  // namespace boxctl::userns
