// SPDX-License-Identifier: LGPL-2.1-or-later
// SIGKILL to everything that is left.
#pragma once

#include <stdint.h>
#include <sys/types.h>

namespace boxctl::init {

enum class Reach : uint8_t {
    pid_namespace,  ///< we are PID 1: everything we see
    descendants,    ///< we are a subreaper: our children, and theirs as they come to us
    group,          ///< the command's process group
};

/// Kills all within `reach`. `group` is the command's process group while the command is not
/// reaped, else 0 (its number may already be somebody else's). False, with errno, when there is no
/// means to reach what may be left: a subreaper without /proc.
bool kill_everything(Reach reach, pid_t group);

}  // namespace boxctl::init
