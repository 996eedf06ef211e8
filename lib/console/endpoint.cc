// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/endpoint.h"

#include <algorithm>

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/os/file.h"

namespace boxctl::console {
namespace {

constexpr size_t kTerminalPiece = 256;

/// Opening /dev/ptmx anew would make another terminal.
bool is_pty_master(const struct stat& status) {
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(5, 2);
}

Result<size_t> transferred(ssize_t count, const char* what) {
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EINTR) errno = EAGAIN;
    return errno_error(what);
}

}  // namespace

Result<Endpoint> Endpoint::open(os::BorrowedFd fd, Use use) {
    Endpoint end;
    const struct stat status = BOX_TRY(os::status_of(fd));
    end.terminal_ = isatty(fd.get()) == 1;
    if (S_ISSOCK(status.st_mode)) {
        end.access_ = Access::socket;
    } else if (S_ISREG(status.st_mode)) {
        end.access_ = Access::file;  // a new description would lose the offset
    } else if (S_ISFIFO(status.st_mode) || (end.terminal_ && !is_pty_master(status))) {
        const int flags = (use == Use::input ? O_RDONLY : O_WRONLY) | O_NONBLOCK;
        if (auto own = os::open_host(os::fd_path(fd), flags)) {
            end.access_ = Access::own;
            end.fd_ = *std::move(own);
            return end;
        }
    }
    end.fd_ = BOX_TRY(os::duplicate(fd));
    return end;
}

Result<size_t> Endpoint::read(std::span<char> space) const {
    if (access_ == Access::socket) {
        return transferred(recv(fd_.get(), space.data(), space.size(), MSG_DONTWAIT), "read input");
    }
    return transferred(::read(fd_.get(), space.data(), space.size()), "read input");
}

Result<size_t> Endpoint::write(std::span<const char> data) const {
    if (access_ == Access::socket) {
        return transferred(send(fd_.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL),
                           "write output");
    }
    size_t size = data.size();
    if (access_ == Access::after_poll) {
        size = std::min<size_t>(size, terminal_ ? kTerminalPiece : PIPE_BUF);
    }
    return transferred(::write(fd_.get(), data.data(), size), "write output");
}

}  // namespace boxctl::console
