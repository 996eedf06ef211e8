// SPDX-License-Identifier: LGPL-2.1-or-later
// The mount table of this process, read by libmount. The library is loaded on first use, here and
// nowhere else, so that a launch, which needs no mount table, does not pay for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::host {

struct MountEntry {
    uint64_t id = 0;     ///< as in statx(2), STATX_MNT_ID
    std::string target;  ///< mount point, unescaped
    std::string source;
    std::string type;
    bool shared = false;  ///< propagates to its peers
};

/// Every mount in the order they were made. Errors: libmount is not installed, or cannot read
/// `file` (ENOENT, EINVAL).
Result<std::vector<MountEntry>> read_mounts(const std::string& file = "/proc/self/mountinfo");

/// The mount that `path` (absolute, normalized) is on: the last one made of those with the longest
/// target. nullptr for an empty table.
const MountEntry* mount_of(const std::vector<MountEntry>& mounts, const std::string& path);

/// The mounts at and below `path`, last made first: the order to unmount them in.
std::vector<MountEntry> mounts_below(const std::vector<MountEntry>& mounts,
                                     const std::string& path);

}  // namespace boxctl::host
