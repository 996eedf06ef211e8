// SPDX-License-Identifier: LGPL-2.1-or-later
// Pseudo-terminals of a given devpts, which may be a box's: the slave is reached through the
// master (TIOCGPTPEER), never by a path that somebody could have exchanged (B4).
#pragma once

#include <string>

#include <sys/ioctl.h>

#include "lib/os/fd.h"

namespace boxctl::os {

struct PtyPair {
    UniqueFd master;
    UniqueFd slave;
};

/// A new pair of the devpts whose root directory `devpts` is. Verified: the file system is a
/// devpts and the slave a pty slave.
Result<PtyPair> open_pty(BorrowedFd devpts);

/// Is `directory` on a devpts?
Result<bool> is_devpts(BorrowedFd directory);

/// Is `terminal` the slave of a pair of the devpts that `devpts` is a directory of?
Result<bool> is_pty_slave_of(BorrowedFd terminal, BorrowedFd devpts);

/// Where the slave of `master` is: "/dev/pts/N" (TIOCGPTN).
Result<std::string> pty_line(BorrowedFd master);

Result<winsize> window_size(BorrowedFd terminal);
Result<void> set_window_size(BorrowedFd terminal, const winsize& size);

}  // namespace boxctl::os
