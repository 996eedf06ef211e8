// SPDX-License-Identifier: LGPL-2.1-or-later
// Lock files: held by flock(2) on an open descriptor, so that a killed owner holds nothing. The
// file's existence never means anything.
#pragma once

#include <string>

#include "lib/os/fd.h"

namespace boxctl::os {

enum class LockKind { exclusive, shared };
enum class LockWait { no, until_free };

class LockFile {
 public:
    LockFile() = default;
    /// Makes the file if needed (0600) and locks it; without waiting, EWOULDBLOCK says that another
    /// process holds it. The directory must be ours alone (0700).
    static Result<LockFile> acquire(const std::string& path, LockKind kind,
                                    LockWait wait = LockWait::no);

    /// Takes over a lock that an earlier image of this program holds (execve(2)).
    static LockFile adopt(UniqueFd fd, std::string path, LockKind kind);

    [[nodiscard]] bool held() const { return fd_.valid(); }
    [[nodiscard]] BorrowedFd fd() const { return fd_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] LockKind kind() const { return kind_; }
    /// Unlinks the file while it is still locked, then lets go. Idempotent. Of those that share a
    /// lock, the last one unlinks.
    void remove();

 private:
    UniqueFd fd_;
    std::string path_;
    LockKind kind_ = LockKind::exclusive;
};

/// True when some process holds the lock at `path` exclusively. A missing file is not locked.
bool is_locked(const std::string& path);

}  // namespace boxctl::os
