// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <span>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::console {

/// A child that calls `restore` if its parent is gone without having called stop(): a SIGKILL of
/// boxctl must not leave the user with a raw terminal (E5). It sleeps in read(2), ignores every
/// signal it can, and holds nothing but its end of a pipe and the descriptors it is told to keep.
class [[nodiscard]] TerminalWatch {
 public:
    TerminalWatch() = default;
    static Result<TerminalWatch> start(std::span<const int> keep,
                                       const std::function<void()>& restore);
    TerminalWatch(const TerminalWatch&) = delete;
    TerminalWatch& operator=(const TerminalWatch&) = delete;
    TerminalWatch(TerminalWatch&&) noexcept = default;
    TerminalWatch& operator=(TerminalWatch&&) = delete;
    ~TerminalWatch() { stop(); }

    /// Ends the child without having it act. Idempotent.
    void stop();

 private:
    os::UniqueFd pipe_;  ///< nothing is ever written to it: its end is the message
    os::UniqueFd pidfd_;
};

}  // namespace boxctl::console
