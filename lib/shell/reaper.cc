// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/reaper.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace boxctl::shell {
namespace {

Result<void> prepare() {
    os::set_process_name("boxctl-reaper");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the caller");
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    if (setsid() < 0) return errno_error("start a session");
    // Who signals all processes of a unit means the program, to which the caller passes it on.
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, nullptr) < 0) return errno_error("block signals");
    return os::default_signal(SIGCHLD);
}

/// A pipe among the caller's descriptors must end with the program: all go but `joiner`, as 0.
Result<void> keep_only(os::BorrowedFd joiner) {
    if (dup2(joiner.get(), 0) < 0 || close_range(1, ~0U, 0) < 0) {
        return errno_error("close descriptors");
    }
    return {};
}

/// How the program ended (waitpid(2)), or the joiner where there never was one.
int reap_all(pid_t joiner) {
    int result = 0;
    bool born = false;
    for (;;) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) return result;
        if (pid != joiner) {
            born = true;
            // Whoever may freeze its cgroup must not make us wait for it.
            (void)os::send_signal(os::BorrowedFd(0), SIGKILL).has_value();
        }
        if (pid != joiner || !born) result = status;
    }
}

Result<pid_t> begin(const std::function<Result<os::Cloned>()>& start) {
    BOX_TRY(prepare());
    const os::Cloned joiner = BOX_TRY(start());
    BOX_TRY(keep_only(joiner.pidfd));
    return joiner.pid;
}

}  // namespace

Result<os::UniqueFd> start_reaper(const launch::Link& to_caller,
                                  const std::function<Result<os::Cloned>()>& start) {
    os::Cloned reaper = BOX_TRY(os::clone_process({}).context("start a reaper"));
    if (reaper.pid != 0) return std::move(reaper.pidfd);
    // --- The reaper from here on: host privileges; never enters the box. ---
    const auto joiner = begin(start);
    if (joiner) os::end_like(reap_all(*joiner));
    (void)to_caller.fail(joiner.error()).has_value();
    _exit(joiner.error().exit_code());
}

}  // namespace boxctl::shell
