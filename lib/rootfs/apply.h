// SPDX-License-Identifier: LGPL-2.1-or-later
// Carrying out a mount plan. Runs in the builder: host privileges, a private mount namespace,
// single-threaded after a clone. Every target is resolved inside the box's root by descriptor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/rootfs/as_box_root.h"
#include "lib/rootfs/plan.h"

namespace boxctl::rootfs {

struct TerminalEnd {
    int index = 0;  ///< Terminal::index
    os::UniqueFd master;
};

/// State of one build, and what it hands to the supervisor.
struct Build {
    os::UniqueFd root;       ///< "/" of the box
    uint32_t id_base = 0;    ///< host id of the box's 0
    os::UniqueFd mount_map;  ///< userns/mount_map.h; invalid where owners are not mapped
    os::UniqueFd proc;       ///< a detached procfs of the box's PID namespace, made beforehand
    std::vector<TerminalEnd> terminals;
    os::UniqueFd notify;  ///< receiving end of /run/host/notify

    // Many operations follow one another in one directory, and most masks are alike.
    std::string place_path;  ///< of the last place_of(), until a mount may have covered it
    os::UniqueFd place;
    os::UniqueFd file_mask;  ///< the first of each kind; the others are copies of it
    os::UniqueFd directory_mask;
    std::unique_ptr<AsBoxRoot> as_box_root;  ///< kept from one file of the box's root to the next
};

/// Builds the root, attaches it at `place` in the caller's mount namespace and sets build.root.
/// `tree` is a detached copy (os::clone_mount) of the root directory's mounts, taken by whoever
/// opened that directory and looked at it: no path is resolved a second time.
Result<void> build_root(const RootPlan& plan, os::UniqueFd tree, os::BorrowedFd place,
                        Build& build);

/// Carries out one operation. After the last one build.as_box_root is to be reset.
Result<void> apply(const MountOp& op, Build& build);

}  // namespace boxctl::rootfs
