// SPDX-License-Identifier: LGPL-2.1-or-later
// Endpoint: the caller's standard input or output, read and written without ever blocking the loop.
//
// O_NONBLOCK belongs to the open file description, and the caller's terminal or pipe shares that
// with the shell and whoever else inherited it; a program of theirs would suddenly see EAGAIN, also
// after a crash of ours. So the flag is never set on what was inherited:
// - a terminal or pipe is opened anew through /proc/self/fd, which gives a description of our own;
// - a socket is used with MSG_DONTWAIT;
// - where opening anew is refused (a terminal of another user, no /proc), one read or one small
//   write follows each report of readiness. The kernel then has room for that write in a pipe; a
//   terminal whose reader stands still could take less, which is why the pieces are small;
// - regular files and devices such as /dev/null do not block.
#pragma once

#include <cstddef>
#include <span>

#include "lib/os/fd.h"

namespace boxctl::console {

class Endpoint {
 public:
    enum class Use { input, output };
    /// Keeps a descriptor of its own; `fd` can be closed or used elsewhere.
    static Result<Endpoint> open(os::BorrowedFd fd, Use use);

    [[nodiscard]] os::BorrowedFd fd() const { return fd_; }
    [[nodiscard]] bool is_terminal() const { return terminal_; }
    /// Whether read() and write() may be tried without a report of readiness.
    [[nodiscard]] bool never_blocks() const { return access_ != Access::after_poll; }

    /// One read; 0 at the end, code EAGAIN when there is nothing now.
    [[nodiscard]] Result<size_t> read(std::span<char> space) const;
    /// One write of what fits; code EAGAIN when nothing fits. SIGPIPE has to be ignored or blocked.
    [[nodiscard]] Result<size_t> write(std::span<const char> data) const;

 private:
    enum class Access { own, socket, file, after_poll };

    os::UniqueFd fd_;
    Access access_ = Access::after_poll;
    bool terminal_ = false;
};

}  // namespace boxctl::console
