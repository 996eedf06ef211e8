// SPDX-License-Identifier: LGPL-2.1-or-later
// Tree: steps that several kinds of cgroups of a box have in common. For lib/cgroup only.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::cgroup {

/// Makes the directory, or takes the one that is there, and opens it.
Result<os::UniqueFd> make_child(os::BorrowedFd parent, const std::string& name);

/// Bounds how many cgroups can be below `dir` (kMaxDescendants, kMaxDepth).
Result<void> set_bounds(os::BorrowedFd dir);

/// Makes the controllers available in the children of `path`. Writes only what is missing: the
/// write takes a lock of the whole hierarchy. ENOENT or EINVAL for one that is not there.
Result<void> enable_controllers(const std::string& path,
                                const std::vector<std::string>& controllers);
/// Makes all controllers of the cgroup at `path` available in its children. EBUSY when a process is
/// in it.
Result<void> enable_all_controllers(const std::string& path);

/// Names of the cgroups in `dir`.
Result<std::vector<std::string>> list_children(os::BorrowedFd dir);

/// Kills what is in and below a child, waits for its end and removes it.
Result<void> remove_child(os::BorrowedFd parent, const std::string& name);

}  // namespace boxctl::cgroup
