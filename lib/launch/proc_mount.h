// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::launch {

/// A detached procfs of the PID namespace that the caller's children are born in (setns(2) with
/// CLONE_NEWPID before). Made by the caller, who does not live there: only this way the box's /proc
/// belongs to a mount namespace of the host, and what covers it is locked.
Result<os::UniqueFd> make_proc_mount();

}  // namespace boxctl::launch
