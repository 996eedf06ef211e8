// SPDX-License-Identifier: LGPL-2.1-or-later
// Leaf: the cgroup of one session. Locked (flock(2)) by the boxctl that made it, so that one that
// was killed can be told from one that is only about to start its program.
#pragma once

#include "lib/base/result.h"
#include "lib/cgroup/apply.h"
#include "lib/os/fd.h"

namespace boxctl::shell {

/// A new one in the box's cgroup, held for as long as Leaf::dir is open. Those that a killed boxctl
/// left empty are removed on the way.
Result<cgroup::Leaf> claim_leaf(os::BorrowedFd machine);

}  // namespace boxctl::shell
