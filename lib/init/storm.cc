// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/storm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/init/signals.h"

namespace boxctl::init {

namespace {

// linux/pidfd.h of Linux 6.15, which C libraries' headers are older than.
struct PidfdInfo {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];  ///< pid, tgid, ppid and those of user and group
    int32_t status;    ///< as wait(2) has it
};
static_assert(sizeof(PidfdInfo) == 64, "PIDFD_INFO_SIZE_VER0");
constexpr unsigned long kPidfdGetInfo = _IOWR(0xff, 11, PidfdInfo);
constexpr uint64_t kPidfdInfoExit = 1U << 3;
constexpr idtype_t kByPidfd = static_cast<idtype_t>(3);  // P_PIDFD

/// The status of a process that has been reaped, as wait(2) has it. False, with errno, when the
/// kernel does not tell it.
bool read_status(int pidfd, int& status) {
    PidfdInfo info = {};
    info.mask = kPidfdInfoExit;
    if (ioctl(pidfd, kPidfdGetInfo, &info) < 0) return false;
    if ((info.mask & kPidfdInfoExit) == 0) {
        errno = ENODATA;
        return false;
    }
    status = info.status;
    return true;
}

/// How the process has ended, which is reaped if it is a zombie.
Child ask(int pidfd) {
    siginfo_t info = {};
    if (waitid(kByPidfd, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG) == 0) {
        if (info.si_pid == 0) return {};
        const bool exited = info.si_code == CLD_EXITED;
        return {Fate::exited, 0, exited ? info.si_status : 128 + info.si_status};
    }
    int status = 0;
    if (errno != ECHILD) return {Fate::lost, 0, errno};
    return read_status(pidfd, status) ? child_with(0, status) : Child{Fate::lost, 0, errno};
}

int open_signals() {
    const SignalBits all = ~SignalBits{0};
    return static_cast<int>(syscall(SYS_signalfd4, -1, &all, sizeof all, O_CLOEXEC | O_NONBLOCK));
}

constexpr size_t kSmallStack = 1024;

struct alignas(16) SmallStack {
    char bytes[kSmallStack];
    char* top() { return bytes + kSmallStack; }
};

/// Until it is killed; a second at most, in case something forbids that.
int sleep_on(void*) {
    static constexpr struct timespec kLimit = {1, 0};
    (void)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &kLimit, nullptr);
    (void)syscall(SYS_exit_group, 1);
    return 1;
}

/// The first thread: ends when there is a second one.
int leave_a_thread(void* stack_top) {
    (void)clone(sleep_on, stack_top,
                CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, nullptr);
    (void)syscall(SYS_exit, 1);
    return 1;
}

}  // namespace

bool probe_exit_status() {
    SmallStack stacks[2];  // nobody uses them once the process is reaped
    int pidfd = -1;
    // The child shares our memory; we sleep until its first thread has ended.
    const pid_t pid =
            clone(leave_a_thread, stacks[0].top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                  stacks[1].top(), &pidfd);
    if (pid < 0) return false;
    int status = 0;
    (void)kill(pid, SIGKILL);
    const bool killed = waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
    const Child told = ask(pidfd);
    if (pidfd >= 0) (void)close(pidfd);
    return killed && told.fate == Fate::exited && told.status == child_with(0, status).status;
}

Storm::~Storm() {
    if (command_ >= 0) (void)close(command_);
    if (signals_ >= 0) (void)close(signals_);
}

bool Storm::prepare(pid_t command) {
    if (command_ < 0) command_ = static_cast<int>(syscall(SYS_pidfd_open, command, 0));
    if (command_ >= 0 && signals_ < 0) signals_ = open_signals();
    if (signals_ < 0) return false;
    proven_ = proven_ || probe_exit_status();
    return proven_;
}

bool Storm::rises(pid_t command, uint32_t reaped) {
    if (lasts_) return false;
    reaped_ += reaped;
    if (reaped_ < wanted_) return false;
    reaped_ = 0;
    if (!prepare(command)) {
        wanted_ = wanted_ < UINT32_MAX / kStormPatience ? wanted_ * kStormPatience : UINT32_MAX;
        return false;
    }
    ignore_children();
    lasts_ = true;
    return true;
}

void Storm::wait() const {
    struct pollfd watched[] = {{command_, POLLIN, 0}, {signals_, POLLIN, 0}};
    (void)poll(watched, 2, -1);
}

Child Storm::end() {
    heed_children();
    lasts_ = false;
    return ask(command_);
}

}  // namespace boxctl::init
