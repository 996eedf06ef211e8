// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/process.h"

#include <array>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36 forgot it in this header
#include <sys/pidfd.h>
}

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::os {

Result<Cloned> clone_process(const CloneRequest& request) {
    int pidfd = -1;
    struct clone_args args = {};
    args.flags = request.flags | CLONE_PIDFD;
    args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
    // With CLONE_PARENT the kernel takes the exit signal of the caller and wants none named.
    if ((request.flags & CLONE_PARENT) == 0) args.exit_signal = SIGCHLD;
    if (request.cgroup.get() >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<uint64_t>(request.cgroup.get());
    }
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) return errno_error("clone");
    Cloned cloned;
    cloned.pid = static_cast<pid_t>(pid);
    if (pid > 0) cloned.pidfd.reset(pidfd);
    return cloned;
}

bool single_threaded() {
    return __libc_single_threaded != 0;
}

Result<UniqueFd> open_pidfd(pid_t pid) {
    UniqueFd fd(pidfd_open(pid, 0));
    if (!fd.valid()) return errno_error(format("open process %d", pid));
    return fd;
}

bool has_ended(BorrowedFd pidfd) {
    pollfd ended = {pidfd.get(), POLLIN, 0};
    return poll(&ended, 1, 0) > 0;
}

Result<void> send_signal(BorrowedFd pidfd, int signal) {
    if (pidfd_send_signal(pidfd.get(), signal, nullptr, 0) < 0) {
        return errno_error("send " + signal_name(signal));
    }
    return {};
}

Result<UniqueFd> fetch_fd(BorrowedFd pidfd, int number) {
    UniqueFd fd(pidfd_getfd(pidfd.get(), number, 0));
    if (!fd.valid()) return errno_error("fetch a descriptor");
    return fd;
}

namespace {

Result<ExitStatus> wait_pidfd(BorrowedFd pidfd, int options) {
    siginfo_t info = {};
    while (waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info,
                  WEXITED | options) < 0) {
        if (errno != EINTR) return errno_error("wait for a child");
    }
    if (info.si_pid == 0) return Error(EAGAIN, "wait for a child");
    ExitStatus status;
    (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
    return status;
}

}  // namespace

Result<ExitStatus> wait_for(BorrowedFd pidfd) {
    return wait_pidfd(pidfd, 0);
}
Result<ExitStatus> poll_exit(BorrowedFd pidfd) {
    return wait_pidfd(pidfd, WNOHANG);
}

void end_like(int status) {
    if (!WIFSIGNALED(status)) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    const int signal = WTERMSIG(status);
    // The limit is not asked where cores go to a program (core(5)).
    const rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)::signal(signal, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal);
    ::kill(getpid(), signal);
    sigprocmask(SIG_UNBLOCK, &one, nullptr);
    _exit(128 + signal);
}

namespace {

/// struct pidfd_info of linux/pidfd.h as of Linux 6.15; the kernel fills in as much as there is.
struct PidfdInfo {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t pids[3];
    uint32_t ids[8];
    int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr uint64_t kInfoExit = 1U << 3U;  // PIDFD_INFO_EXIT

}  // namespace

Result<ExitStatus> exit_status_of(BorrowedFd pidfd) {
    PidfdInfo info = {};
    info.mask = kInfoExit;
    if (ioctl(pidfd.get(), _IOWR(0xFF, 11, PidfdInfo), &info) < 0) {
        return errno_error("ask how a process ended");
    }
    if ((info.mask & kInfoExit) == 0) return Error(EAGAIN, "ask how a process ended");
    ExitStatus status;
    if (WIFSIGNALED(info.exit_code)) {
        status.signal = WTERMSIG(info.exit_code);
    } else {
        status.code = WEXITSTATUS(info.exit_code);
    }
    return status;
}

Result<void> join_namespaces(BorrowedFd pidfd, int flags) {
    if (setns(pidfd.get(), flags) < 0) return errno_error("join namespaces");
    return {};
}

Result<void> unshare_namespaces(int flags) {
    if (unshare(flags) < 0) return errno_error("unshare");
    return {};
}

Result<uint64_t> start_time(pid_t pid) {
    const std::string path = format("/proc/%d/stat", pid);
    const std::string text = BOX_TRY(read_file(path, 4096));
    // The command name (field 2) may hold anything, also ") "; the last parenthesis ends it.
    const size_t paren = text.rfind(')');
    if (paren == std::string::npos || paren + 2 >= text.size()) return Error(EIO, "parse " + path);
    const std::vector<std::string> fields = split(std::string_view(text).substr(paren + 2), ' ');
    const auto ticks = fields.size() > 19 ? parse_u64(fields[19]) : std::nullopt;
    if (!ticks) return Error(EIO, "parse " + path);
    return *ticks;
}

Result<void> ignore_signal(int signal) {
    if (::signal(signal, SIG_IGN) == SIG_ERR) return errno_error("ignore " + signal_name(signal));
    return {};
}

Result<void> default_signal(int signal) {
    if (::signal(signal, SIG_DFL) == SIG_ERR) return errno_error("reset " + signal_name(signal));
    return {};
}

Result<bool> is_ignored(int signal) {
    struct sigaction now = {};
    if (sigaction(signal, nullptr, &now) < 0) return errno_error("ask for " + signal_name(signal));
    return now.sa_handler == SIG_IGN;
}

Result<void> stop_self(int signal) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal);
    if (raise(signal) != 0 || sigprocmask(SIG_UNBLOCK, &one, nullptr) < 0 ||
        sigprocmask(SIG_BLOCK, &one, nullptr) < 0) {
        return errno_error("take " + signal_name(signal));
    }
    return {};
}

Result<std::string> own_program() {
    std::array<char, PATH_MAX> path;
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    if (length <= 0) return errno_error("read '/proc/self/exe'");
    // What the kernel appends when the file has been replaced (proc_pid_exe(5)).
    constexpr std::string_view kGone = " (deleted)";
    std::string_view text(path.data(), static_cast<size_t>(length));
    if (text.ends_with(kGone)) text.remove_suffix(kGone.size());
    return std::string(text);
}

void set_process_name(const char* name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

int parse_signal(std::string_view text) {
    if (const auto number = parse_u32(text)) {
        return *number >= 1 && *number <= static_cast<uint32_t>(SIGRTMAX)
                       ? static_cast<int>(*number)
                       : 0;
    }
    if (text.starts_with("SIG")) text.remove_prefix(3);
    int base = 0;
    int sign = 1;
    if (text.starts_with("RTMIN")) {
        base = SIGRTMIN;
    } else if (text.starts_with("RTMAX")) {
        base = SIGRTMAX;
        sign = -1;
    }
    if (base != 0) {
        text.remove_prefix(5);
        if (text.empty()) return base;
        if (text.front() != (sign > 0 ? '+' : '-')) return 0;
        const auto offset = parse_u32(text.substr(1));
        if (!offset || *offset > static_cast<uint32_t>(SIGRTMAX - SIGRTMIN)) return 0;
        return base + sign * static_cast<int>(*offset);
    }
    for (int signal = 1; signal < SIGRTMIN; signal++) {
        const char* name = sigabbrev_np(signal);
        if (name != nullptr && text == name) return signal;
    }
    return 0;
}

std::string signal_name(int signal) {
    if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
        return signal == SIGRTMIN ? "SIGRTMIN" : format("SIGRTMIN+%d", signal - SIGRTMIN);
    }
    const char* name = sigabbrev_np(signal);
    return name != nullptr ? std::string("SIG") + name : format("signal %d", signal);
}

}  // namespace boxctl::os
