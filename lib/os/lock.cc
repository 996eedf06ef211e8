// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::os {

namespace {

Result<bool> names(const std::string& path, BorrowedFd fd) {
    const struct stat ours = BOX_TRY(status_of(fd));
    struct stat named = {};
    return stat(path.c_str(), &named) == 0 && named.st_ino == ours.st_ino &&
           named.st_dev == ours.st_dev;
}

/// Of several that share a lock the last one can have it alone. To change it is to let go of it for
/// a moment (flock(2)), in which the file may have been removed and made anew by others.
bool alone(const std::string& path, BorrowedFd fd) {
    if (flock(fd.get(), LOCK_EX | LOCK_NB) < 0) return false;
    const auto named = names(path, fd);
    return named && *named;
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path, LockKind kind, LockWait wait) {
    const int how =
            (kind == LockKind::shared ? LOCK_SH : LOCK_EX) | (wait == LockWait::no ? LOCK_NB : 0);
    while (true) {
        UniqueFd fd = BOX_TRY(open_host(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
        if (flock(fd.get(), how) < 0) {
            if (errno == EINTR) continue;
            return errno_error("lock " + quote(path));
        }
        // The previous owner may have unlinked the file between our open and our lock: then we
        // hold a lock that nobody else will ever see, and start over.
        if (BOX_TRY(names(path, fd))) {
            LockFile lock;
            lock.fd_ = std::move(fd);
            lock.path_ = path;
            lock.kind_ = kind;
            return lock;
        }
    }
}

LockFile LockFile::adopt(UniqueFd fd, std::string path, LockKind kind) {
    LockFile lock;
    lock.fd_ = std::move(fd);
    lock.path_ = std::move(path);
    lock.kind_ = kind;
    return lock;
}

void LockFile::remove() {
    if (!fd_.valid()) return;
    if (kind_ == LockKind::exclusive || alone(path_, fd_)) unlink(path_.c_str());
    fd_.reset();
}

bool is_locked(const std::string& path) {
    const auto fd = open_host(path, O_RDONLY | O_NOFOLLOW);
    return fd && flock(fd->get(), LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

}  // namespace boxctl::os
