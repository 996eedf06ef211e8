// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/os/fd.h"

namespace boxctl::cgroup {

/// To every process of a cgroup that has none below it. One that ended meanwhile, and whose number
/// somebody else may have, is passed over.
Result<void> signal_all(os::BorrowedFd dir, int number);

}  // namespace boxctl::cgroup
