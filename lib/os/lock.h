// SPDX-License-Identifier: LGPL-2.1-or-later
// Lock files: held by an open file description (fcntl(2), F_OFD_SETLK), so that a killed owner
// holds nothing, a child that keeps the descriptor goes on holding it, and whoever only asks takes
// nothing for it. The file's existence never means anything.
#pragma once

#include <string>

#include "lib/os/fd.h"

namespace boxctl::os {

enum class LockKind { exclusive, shared };

class LockFile {
 public:
    LockFile() = default;
    /// Makes the file if needed (0600) and locks it; EWOULDBLOCK says that somebody else holds it.
    /// Never waits. The directory must be ours alone (0700).
    static Result<LockFile> acquire(const std::string& path, LockKind kind);

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

/// True when somebody holds the lock at `path` exclusively. A missing file is not locked. Takes
/// nothing, not even for a moment: nobody who starts meanwhile is refused for being looked at.
bool is_locked(const std::string& path);

}  // namespace boxctl::os
