// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts by descriptor: a mount is made detached, shaped, and attached once, to a descriptor
// (fsopen(2), open_tree(2), mount_setattr(2), move_mount(2)). No mount table path is ever parsed
// by the kernel on our behalf, so nothing can be exchanged under it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/mount.h>

#include "lib/os/fd.h"

namespace boxctl::os {

enum class Recursion { one, tree };

/// A new, detached instance of a file system. `options` are key/value; an empty value is a flag.
/// `attributes` are MOUNT_ATTR_*.
Result<UniqueFd> make_filesystem(const std::string& type, const std::string& source,
                                 const std::vector<std::pair<std::string, std::string>>& options,
                                 uint64_t attributes);

/// A detached copy of the mount (or of the whole tree) that `path` below `dir` is on, rooted at it.
/// An empty path means `dir` itself.
Result<UniqueFd> clone_mount(BorrowedFd dir, const std::string& path, Recursion recursion);

/// Attaches a detached mount on top of what `target` refers to.
Result<void> attach_mount(BorrowedFd mount, BorrowedFd target);

struct MountChange {
    uint64_t set = 0;          ///< MOUNT_ATTR_* to set
    uint64_t clear = 0;        ///< MOUNT_ATTR_* to clear
    uint64_t propagation = 0;  ///< MS_PRIVATE, MS_SLAVE, MS_SHARED or 0
    BorrowedFd userns{-1};     ///< id-map the mount by this user namespace (sets MOUNT_ATTR_IDMAP)
};

/// mount_setattr(2) on the mount `mount` is the root of.
Result<void> change_mount(BorrowedFd mount, const MountChange& change, Recursion recursion);

/// Makes `root` the root of the caller's mount namespace and lets go of the old tree
/// (pivot_root(2) onto itself, then a lazy unmount).
Result<void> enter_root(BorrowedFd root);

/// Unmounts lazily the mount that `mount` is the root of, whatever may be mounted above it by now.
/// `own_fds` is the caller's /proc/self/fd, opened where /proc can be trusted: no call unmounts by
/// descriptor. Leaves the caller in that directory.
Result<void> detach_mount(BorrowedFd mount, BorrowedFd own_fds);

/// Unmounts lazily what is mounted at `path` on the host; false when nothing is mounted there.
Result<bool> detach_host_mount(const std::string& path);

}  // namespace boxctl::os
