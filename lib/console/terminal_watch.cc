// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/terminal_watch.h"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/os/process.h"

namespace boxctl::console {
namespace {

/// Closes every descriptor but those in `keep`, among them the box's terminals: held open here,
/// they would outlive the supervisor.
void close_all_but(std::vector<int> keep) {
    std::sort(keep.begin(), keep.end());
    unsigned from = 0;
    for (const int fd : keep) {
        const auto number = static_cast<unsigned>(fd);
        if (number > from) close_range(from, number - 1, 0);
        from = std::max(from, number + 1);
    }
    close_range(from, ~0U, 0);
}

// The child: the parent's memory as it was, no terminal of its own (a session leader's tcsetattr(3)
// on another session's terminal is not job-controlled), deaf to what ends its parent.
[[noreturn]] void watch(int pipe, std::span<const int> keep, const std::function<void()>& restore) {
    os::set_process_name("boxctl-terminal");
    setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    std::vector<int> kept(keep.begin(), keep.end());
    kept.push_back(pipe);
    close_all_but(std::move(kept));
    char byte = 0;
    while (read(pipe, &byte, 1) < 0 && errno == EINTR) {
    }
    restore();
    _exit(0);
}

}  // namespace

Result<TerminalWatch> TerminalWatch::start(std::span<const int> keep,
                                           const std::function<void()>& restore) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return errno_error("make a pipe");
    const os::UniqueFd far(ends[0]);
    TerminalWatch started;
    started.pipe_.reset(ends[1]);
    os::Cloned child = BOX_TRY(os::clone_process({}).context("start the terminal's watch"));
    if (child.pid == 0) watch(far.get(), keep, restore);
    started.pidfd_ = std::move(child.pidfd);
    return started;
}

void TerminalWatch::stop() {
    if (!pidfd_.valid()) return;
    // Both can only fail when it is gone already.
    (void)os::send_signal(pidfd_, SIGKILL).has_value();
    (void)os::wait_for(pidfd_).has_value();
    pidfd_.reset();
    pipe_.reset();
}

}  // namespace boxctl::console
