// SPDX-License-Identifier: LGPL-2.1-or-later
// Id ranges: which host ids the box's ids 0…N-1 are, chosen so that no two boxes and no host user
// ever share one (G1), and held by a lock for as long as the box lives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::userns {

/// The ids a box is planned to have. `pick` is decided when the lock is taken (claim()).
struct IdPlan {
    enum class Kind {
        host,      ///< no user namespace: a privileged box
        identity,  ///< a user namespace that maps 0…65535 onto themselves: a privileged box
        pick,      ///< a free 65536-aligned range in 0x80000…0x6fff0000
        fixed,     ///< the range the user named
    };
    Kind kind = Kind::pick;
    uint32_t base = 0;
    uint32_t count = 65536;
    std::string seed;  ///< pick: the machine's name, tried first so that ranges are stable

    [[nodiscard]] bool has_namespace() const { return kind != Kind::host; }
    /// A contained box: nothing in it is a host id.
    [[nodiscard]] bool contained() const { return kind == Kind::pick || kind == Kind::fixed; }
};

/// A range in use: [base, base + count), with the locks that say so.
struct IdRange {
    uint32_t base = 0;
    uint32_t count = 65536;
    std::vector<os::UniqueFd> locks;  ///< flock'ed; empty for host and identity
    std::vector<std::string> lock_paths;  ///< removed by release()
};

/// Chooses and locks the range. A fixed range that overlaps host ids (0…65535, /etc/passwd,
/// /etc/subuid) or a live user namespace is refused, and so is one another box holds.
Result<IdRange> claim(const IdPlan& plan);

/// Removes the lock files of a range while still holding the locks. Idempotent.
void release(IdRange& range);

/// "0 524288 65536\n" for /proc/PID/uid_map.
std::string map_line(const IdRange& range);

}  // namespace boxctl::userns
