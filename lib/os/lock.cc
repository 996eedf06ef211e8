// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/lock.h"

#include <fcntl.h>
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

struct flock whole_file(LockKind kind) {
    struct flock lock = {};
    lock.l_type = kind == LockKind::shared ? F_RDLCK : F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

/// EWOULDBLOCK when others hold it, whichever of its two codes the kernel gives (fcntl(2)).
Result<void> lock_file(BorrowedFd fd, LockKind kind) {
    struct flock lock = whole_file(kind);
    while (fcntl(fd.get(), F_OFD_SETLK, &lock) < 0) {
        if (errno == EINTR) continue;
        if (errno == EACCES) errno = EWOULDBLOCK;
        return errno_error("lock");
    }
    return {};
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path, LockKind kind) {
    while (true) {
        UniqueFd fd = BOX_TRY(open_host(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
        BOX_TRY(lock_file(fd, kind).context(quote(path)));
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
    // Of several that share a lock, the last one can have it alone.
    if (kind_ == LockKind::exclusive || lock_file(fd_, LockKind::exclusive)) unlink(path_.c_str());
    fd_.reset();
}

bool is_locked(const std::string& path) {
    const auto fd = open_host(path, O_RDONLY | O_NOFOLLOW);
    struct flock lock = whole_file(LockKind::shared);
    return fd && fcntl(fd->get(), F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

}  // namespace boxctl::os
