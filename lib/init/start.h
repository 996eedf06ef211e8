// SPDX-License-Identifier: LGPL-2.1-or-later
// Starting the command.
#pragma once

#include <sys/types.h>

#include "lib/init/options.h"
#include "lib/init/signals.h"
#include "lib/init/terminal.h"

namespace boxctl::init {

struct Started {
    pid_t pid = 0;
    int error = 0;       ///< errno of what failed; 0: the command runs
    bool forked = true;  ///< false: not even a process could be made
};

/// Runs options.command, found like execvp(3) does, in a process group of its own with the signal
/// state box-init inherited, and with its terminal. Returns after the exec: the child borrows our
/// memory until then (vfork(2)), which leaves its errno here and copies no page.
Started start_command(const Options& options, const Terminal& terminal,
                      const InheritedSignals& signals);

/// Prints why the command could not be run and returns the exit status for it: 127 for a command
/// that was not found, 126 for one that cannot be executed, 125 for our own failure.
int report_failure(const Started& started, const char* command);

}  // namespace boxctl::init
