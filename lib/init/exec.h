// SPDX-License-Identifier: LGPL-2.1-or-later
// The last step of every child: execvp(3), the same with each C library.
#pragma once

namespace boxctl::init {

/// Replaces this process by `command`, looked up in PATH of the environment it has. A file that the
/// kernel does not know how to run is given to /bin/sh, as POSIX asks of execvp() and musl's leaves
/// out. Returns an errno, when it could not be. Makes only system calls: the caller may be the
/// child of a vfork(2).
int execute(char* const* command);

}  // namespace boxctl::init
