// SPDX-License-Identifier: LGPL-2.1-or-later
// Id ranges: which host ids the box's ids 0…N-1 are, chosen so that no two boxes and no host user
// ever share one (G1), and held by a lock for as long as the box lives.
//
// Who else could have a range, and how each is seen:
//   another boxctl      its lock file below /run/boxctl/.uid; a file is made and locked before the
//                       others are looked at, so that of two at once at least one gives way
//   systemd-nspawn -U   its lock file in /run/systemd/nspawn-uid (open file description locks)
//   users of the host   /etc/passwd, /etc/group
//   podman, LXC, …      /etc/subuid, /etc/subgid, and the id maps of live processes (live_maps.h)
// Not seen: users that only NSS knows, and a user namespace kept alive by a descriptor alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/os/lock.h"

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

/// A lock of systemd-nspawn's, held shared: its own is exclusive, ours do not bar each other.
struct NspawnLock {
    os::UniqueFd fd;
    std::string path;
};

/// A range in use: [base, base + count), with the locks that say so.
struct IdRange {
    uint32_t base = 0;
    uint32_t count = 65536;
    os::LockFile lock;               ///< none for host and identity
    std::vector<NspawnLock> nspawn;  ///< one for each of its 65536 ids that the range touches
};

/// Where claim() looks; tests have places of their own.
struct Places {
    std::string locks = "/run/boxctl/.uid";
    std::string nspawn = "/run/systemd/nspawn-uid";
    std::string etc = "/etc";
    std::string proc = "/proc";
};

/// Chooses and locks the range. A fixed range that overlaps host ids (0, /etc/passwd, /etc/group,
/// /etc/subuid and /etc/subgid of others than root) or a live user namespace is refused, and so is
/// one another box holds. Ids are 0…4294967294, at most 16777216 of them.
Result<IdRange> claim(const IdPlan& plan, const Places& places = {});

/// Removes the lock files of a range while still holding the locks. Idempotent.
void release(IdRange& range);

/// "0 524288 65536\n" for /proc/PID/uid_map.
std::string map_line(const IdRange& range);

/// Where `pick` looks first for a machine of this name: FNV-1a (64 bits) of it, spread over the
/// aligned bases.
uint32_t first_candidate(const std::string& seed);

}  // namespace boxctl::userns
