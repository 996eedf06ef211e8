// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/keeper.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/process.h"

namespace boxctl::shell {
namespace {

/// Everything that can be blocked: the keeper takes signals one by one.
Result<void> block_all() {
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, nullptr) < 0) return errno_error("block signals");
    return {};
}

/// Of the only child.
bool has_ended(int& status) {
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (!WIFSTOPPED(status)) return true;
        // Nobody else could continue it.
        ::kill(pid, SIGCONT);
    }
    return pid < 0 && errno == ECHILD;
}

/// What somebody sent to this process is meant for the program; what the terminal sends, the
/// program gets as well. But for the hang-up, which only a session leader is told of.
bool is_for_program(const siginfo_t& info) {
    return info.si_signo != SIGCHLD && (info.si_code <= 0 || info.si_signo == SIGHUP);
}

pid_t program = 0;

/// Descriptors 0 to 2 go as well: a pipe among them must end with the program. What stays is the
/// terminal as 0 and, where there is one, the list of logins as 1.
bool keep_only(os::BorrowedFd terminal, os::BorrowedFd logins) {
    if (dup2(terminal.get(), 0) < 0) return false;
    if (logins.get() >= 0 && dup2(logins.get(), 1) < 0) return false;
    return close_range(logins.get() >= 0 ? 2 : 1, ~0U, 0) == 0;
}

}  // namespace

Result<Role> split_from_keeper() {
    // Before the clone, so that the end of the program finds nobody who misses it.
    BOX_TRY(block_all());
    const os::Cloned cloned = BOX_TRY(os::clone_process({}).context("start the program"));
    // --- The program from here on: a child of the keeper. ---
    if (cloned.pid == 0) return Role::program;
    program = cloned.pid;
    return Role::keeper;
}

void keep(os::BorrowedFd terminal, const LoginRecord& login) {
    os::set_process_name("boxctl-keeper");
    const bool listed = login.file().get() >= 0;
    if (!keep_only(terminal, login.file())) _exit(1);
    sigset_t all;
    sigfillset(&all);
    int status = 0;
    while (!has_ended(status)) {
        siginfo_t info = {};
        if (sigwaitinfo(&all, &info) > 0 && is_for_program(info)) ::kill(program, info.si_signo);
    }
    if (listed) end_login(os::BorrowedFd(1), login.place(), getpid());
    ioctl(0, TIOCNOTTY);
    os::end_like(status);
}

}  // namespace boxctl::shell
