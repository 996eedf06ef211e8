// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies a tree with all that makes it what it is: owners, modes, times, extended attributes and
// with them ACLs and file capabilities, hard links, holes, device nodes. Where the file system
// can, files share their blocks with the original (FICLONE, ioctl_ficlone(2)).
//
// The tree may have been a box's to write to, and be written to meanwhile: names are opened one at
// a time, below descriptors, and no link is ever followed. What is mounted in it stays behind.
#pragma once

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::tree {

/// Fills `to`, an empty directory that nobody else writes to, and gives it what `from` has. Both
/// are opened for reading. Errors name the file below `from`.
Result<void> copy(os::BorrowedFd from, os::BorrowedFd to);

}  // namespace boxctl::tree
