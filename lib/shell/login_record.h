// SPDX-License-Identifier: LGPL-2.1-or-later
// The box's own list of who is logged in (utmp(5)): what who(1) in the box shows.
//
// Only where the box has such a file. It is the box's to write, lock and exchange: it is opened as
// the box's root from inside, read up to a bound, and never waited for.
#pragma once

#include <string>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::shell {

/// A session's entry.
class LoginRecord {
 public:
    LoginRecord() = default;

    /// Enters `user` on `terminal`, a pty of the box; the calling process stands for the session.
    /// `root` is the box's. None where the box keeps no list. Errors: the list is no list, or full,
    /// or somebody in the box holds its lock.
    static Result<LoginRecord> write(os::BorrowedFd root, os::BorrowedFd terminal,
                                     const std::string& user);

    /// For end_login(); -1: none.
    [[nodiscard]] os::BorrowedFd file() const { return file_; }
    [[nodiscard]] off_t place() const { return place_; }

 private:
    os::UniqueFd file_;
    off_t place_ = 0;
};

/// The session of `pid` has ended, if the entry at `place` is still its own. System calls only.
void end_login(os::BorrowedFd file, off_t place, pid_t pid);

}  // namespace boxctl::shell
