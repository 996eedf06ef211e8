// SPDX-License-Identifier: LGPL-2.1-or-later
// Reaper: the parent of a program whose caller is a command that anybody may stop (^Z, SIGSTOP).
//
// A process that has ended stays in the PID namespace of its box until its parent reaps it, and so
// long the kernel does not let PID 1 of the box end (pid_namespaces(7)). A parent outside that is
// stopped would hold the box up for as long as it pleases. So the parent is this process: it stays
// on the host's side, in the cgroups of the caller, where no freeze of the box reaches it, and in a
// session of its own, where no terminal does; it does nothing but wait, and ends as the program
// ended. Who stops the caller then keeps a zombie of the host.
#pragma once

#include <functional>

#include "lib/base/result.h"
#include "lib/launch/protocol.h"
#include "lib/os/fd.h"
#include "lib/os/process.h"

namespace boxctl::shell {

/// Clones the reaper, which calls `start` for the joiner and becomes the parent of what the joiner
/// clones with CLONE_PARENT. Returns its pidfd; it dies with the caller, and both others with it.
/// Why it could not start the joiner is heard on `to_caller`.
Result<os::UniqueFd> start_reaper(const launch::Link& to_caller,
                                  const std::function<Result<os::Cloned>()>& start);

}  // namespace boxctl::shell
