// SPDX-License-Identifier: LGPL-2.1-or-later
// box-init as PID 1 (or subreaper) for one command: the loop that turns signals, exits and the
// clock into events of the machine (machine.h) and carries out the acts it answers with.
//
// Nothing here allocates, opens a file (but /proc/thread-self/children, when killing as a
// subreaper) or depends on /proc, a writable root or any descriptor beyond the three standard
// ones. Data: one object on the stack of run().
#pragma once

#include "lib/init/options.h"

namespace boxctl::init {

/// Runs options.command to its end and returns box-init's own exit status: the command's, 128+n
/// for a command killed by signal n, 0 for an expected one, 127 not found, 126 cannot execute, 125
/// for a failure of box-init.
int run(const Options& options);

}  // namespace boxctl::init
