// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors: who owns one and who only looks at it is part of the type.
#pragma once

#include <utility>

#include "lib/base/result.h"

namespace boxctl::os {

/// Owns a descriptor (or none, -1) and closes it. Always close-on-exec, by how it was made.
class UniqueFd {
 public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    /// Closes what it holds and takes `fd`. Keeps errno, so that it may stand in an error path.
    void reset(int fd = -1);
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
    int fd_ = -1;
};

/// A descriptor that the callee neither closes nor keeps.
class BorrowedFd {
 public:
    BorrowedFd(const UniqueFd& fd) : fd_(fd.get()) {}  // NOLINT(google-explicit-constructor)
    explicit BorrowedFd(int fd) : fd_(fd) {}
    /// The current directory (AT_FDCWD): absolute paths mean the host's.
    static BorrowedFd cwd();
    [[nodiscard]] int get() const { return fd_; }

 private:
    int fd_;
};

/// A second descriptor for the same open file, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC).
Result<UniqueFd> duplicate(BorrowedFd fd);

/// Opens /dev/null in place of each standard descriptor that the caller left closed, so that
/// nothing we open later ends up as somebody's standard input. To be called first of all.
Result<void> fill_standard_fds();

/// Switches O_NONBLOCK of the open file description.
Result<void> set_nonblocking(BorrowedFd fd, bool on);

}  // namespace boxctl::os
