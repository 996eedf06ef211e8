// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeper: the session leader of a program that runs on a terminal.
//
// When a session leader exits, the kernel hangs its terminal up and with that discards what was
// written to it and has not reached the other end yet (tty_io.c, disassociate_ctty(); for a pty
// that is a matter of a work queue): a command that prints a line and exits at once could lose the
// line. So the leader is a process of ours that does nothing but wait for the program, gives the
// terminal up without hanging it up (TIOCNOTTY), and then ends the way the program ended.
#pragma once

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/shell/login_record.h"

namespace boxctl::shell {

/// Which of the two the caller is from here on.
enum class Role { keeper, program };

/// Clones the program, which is in the process group of the caller: to the kernel an orphaned one,
/// so ^Z cannot stop what nobody could continue.
Result<Role> split_from_keeper();

/// Waits for the program and ends like it, and has `login` end with it. `terminal` is the caller's
/// controlling terminal; every other descriptor is closed. Makes system calls only.
[[noreturn]] void keep(os::BorrowedFd terminal, const LoginRecord& login);

}  // namespace boxctl::shell
