// SPDX-License-Identifier: LGPL-2.1-or-later
// Dismiss: ends a child that nobody needs any more, and never waits long for that.
//
// Not even SIGKILL ends a process that waits for a file system in user space which has taken its
// request (FUSE): a box that serves one could keep whoever waits for such a child for ever. It has
// to be reaped all the same, once it can end: the PID namespace of the box does not end before.
#pragma once

#include <vector>

#include "lib/os/fd.h"

namespace boxctl::os {

/// Kills the child behind `pidfd` and reaps it, unless the kernel cannot end it yet.
void dismiss(UniqueFd pidfd);

/// Reaps those that have ended since: to be called now and then, by who lives on. True when some
/// are left.
bool reap_dismissed();

/// Those that have not, to be handed to another image of this program, which has the same children.
std::vector<BorrowedFd> dismissed();
void adopt_dismissed(UniqueFd pidfd);

}  // namespace boxctl::os
