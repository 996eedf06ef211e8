// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace boxctl::os {

void UniqueFd::reset(int fd) {
    if (fd_ >= 0) {
        const int saved = errno;
        close(fd_);
        errno = saved;
    }
    fd_ = fd;
}

BorrowedFd BorrowedFd::cwd() {
    return BorrowedFd(AT_FDCWD);
}

Result<UniqueFd> duplicate(BorrowedFd fd) {
    UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return errno_error("duplicate a descriptor");
    return copy;
}

Result<void> fill_standard_fds() {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        // The lowest free number is this one: those below are open by now.
        // check-style: a standard descriptor is there for the programs we execute
        if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
            return errno_error("open '/dev/null'");
    }
    return {};
}

Result<void> set_nonblocking(BorrowedFd fd, bool on) {
    const int flags = fcntl(fd.get(), F_GETFL);
    if (flags < 0) return errno_error("read descriptor flags");
    const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (fcntl(fd.get(), F_SETFL, wanted) < 0) return errno_error("set descriptor flags");
    return {};
}

}  // namespace boxctl::os
