// SPDX-License-Identifier: LGPL-2.1-or-later
// One file's contents and one file's attributes. Private to lib/tree.
#pragma once

#include <string>

#include <sys/stat.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::tree {

/// The contents of a regular file of `size` bytes into an empty one: shared where that is possible,
/// else copied without its holes.
Result<void> copy_contents(os::BorrowedFd from, os::BorrowedFd to, off_t size);

/// A name in a directory.
struct Entry {
    os::BorrowedFd directory;
    std::string name;

    /// For calls that take no descriptor and follow no link at the end.
    [[nodiscard]] std::string path() const;
};

/// Owner, mode, extended attributes and times of `from`, whose status is given, for `to`; in this
/// order, as chown(2) takes away set-user-id bits and file capabilities.
Result<void> copy_attributes(const Entry& from, const Entry& to, const struct stat& status);

}  // namespace boxctl::tree
