// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/death_watch.h"

#include <algorithm>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/os/process.h"

namespace boxctl::os {
namespace {

/// Closes every descriptor but those in `keep`, among them the box's terminals: held open here,
/// they would outlive the supervisor.
void close_all_but(std::vector<int> keep) {
    std::sort(keep.begin(), keep.end());
    unsigned from = 0;
    for (const int fd : keep) {
        if (fd < 0) continue;
        const auto number = static_cast<unsigned>(fd);
        if (number > from) close_range(from, number - 1, 0);
        from = std::max(from, number + 1);
    }
    close_range(from, ~0U, 0);
}

// The child: the parent's memory as it was, no terminal of its own (a session leader's tcsetattr(3)
// on another session's terminal is not job-controlled), deaf to what ends its parent.
[[noreturn]] void watch(const char* name, int pipe, std::vector<int> keep,
                        const std::function<void()>& act) {
    set_process_name(name);
    setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    keep.push_back(pipe);
    close_all_but(std::move(keep));
    char byte = 0;
    while (read(pipe, &byte, 1) < 0 && errno == EINTR) {
    }
    act();
    _exit(0);
}

}  // namespace

Result<DeathWatch> DeathWatch::start(const char* name, std::vector<int> keep,
                                     const std::function<void()>& act) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return errno_error("make a pipe");
    const UniqueFd far(ends[0]);
    DeathWatch started;
    started.pipe_.reset(ends[1]);
    Cloned child = BOX_TRY(clone_process({}).context("start a watch"));
    if (child.pid == 0) watch(name, far.get(), std::move(keep), act);
    started.pidfd_ = std::move(child.pidfd);
    started.pid_ = child.pid;
    return started;
}

DeathWatch DeathWatch::adopt(UniqueFd pipe, UniqueFd child) {
    DeathWatch watch;
    watch.pipe_ = std::move(pipe);
    watch.pidfd_ = std::move(child);
    return watch;
}

DeathWatch& DeathWatch::operator=(DeathWatch&& other) noexcept {
    if (this == &other) return *this;
    stop();
    pipe_ = std::move(other.pipe_);
    pidfd_ = std::move(other.pidfd_);
    pid_ = std::exchange(other.pid_, 0);
    return *this;
}

void DeathWatch::dismiss() const {
    // Can only fail when it is gone already.
    if (pidfd_.valid()) (void)send_signal(pidfd_, SIGKILL).has_value();
}

void DeathWatch::stop() {
    if (!pidfd_.valid()) return;
    dismiss();
    (void)wait_for(pidfd_).has_value();  // as above
    pidfd_.reset();
    pipe_.reset();
    pid_ = 0;
}

}  // namespace boxctl::os
