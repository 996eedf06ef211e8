// SPDX-License-Identifier: LGPL-2.1-or-later
// Litter: what a killed boxctl left. It is found by the name of its machine, and only touched while
// holding that name's lock: a machine that runs holds it, so it cannot be mistaken for a dead one.
#pragma once

#include <set>
#include <string>

#include "lib/base/result.h"
#include "lib/host/facts.h"

namespace boxctl::shell {

/// Names of directories and of lock files, which outlive a boxctl that was killed; also of those
/// lock files that are no machine's.
Result<std::set<std::string>> names_with_litter();

/// Removes what is left of the machine. False when it runs.
Result<bool> remove_litter(const std::string& name, const host::CgroupFacts& cgroup);

/// Removes the lock files of trees and id ranges that nobody holds: a killed boxctl leaves them.
Result<void> remove_unheld_locks();

}  // namespace boxctl::shell
