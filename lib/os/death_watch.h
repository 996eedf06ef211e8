// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::os {

/// A child that acts if its parent is gone without having called stop(): what a SIGKILL of boxctl
/// must not leave undone (a raw terminal, a running box). It sleeps in read(2), is deaf to every
/// signal it can be, and holds nothing but its end of a pipe and the descriptors it is told to
/// keep.
class [[nodiscard]] DeathWatch {
 public:
    DeathWatch() = default;
    /// `name` is what ps shows. `act` runs in the child, on the parent's memory as it is now.
    static Result<DeathWatch> start(const char* name, std::vector<int> keep,
                                    const std::function<void()>& act);
    DeathWatch(const DeathWatch&) = delete;
    DeathWatch& operator=(const DeathWatch&) = delete;
    DeathWatch(DeathWatch&&) noexcept = default;
    DeathWatch& operator=(DeathWatch&& other) noexcept;
    ~DeathWatch() { stop(); }

    /// Takes over a watch that an earlier image of this program started (execve(2)): the two
    /// descriptors below.
    static DeathWatch adopt(UniqueFd pipe, UniqueFd child);
    [[nodiscard]] BorrowedFd pipe() const { return pipe_; }
    [[nodiscard]] BorrowedFd child() const { return pidfd_; }
    /// Of the child that start() made; 0 when there is none.
    [[nodiscard]] pid_t pid() const { return pid_; }

    /// Has the child end without acting, and does not wait until it did: stop() does.
    void dismiss() const;
    /// Ends the child without having it act. Idempotent.
    void stop();

 private:
    UniqueFd pipe_;  ///< nothing is ever written to it: its end is the message
    UniqueFd pidfd_;
    pid_t pid_ = 0;
};

}  // namespace boxctl::os
