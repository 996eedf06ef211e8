// SPDX-License-Identifier: LGPL-2.1-or-later
// Processes: clone3(2), pidfds, namespaces, exit statuses.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "lib/os/fd.h"

namespace boxctl::os {

struct CloneRequest {
    uint64_t flags = 0;     ///< CLONE_NEW*, CLONE_PARENT
    BorrowedFd cgroup{-1};  ///< start in this cgroup v2 directory (CLONE_INTO_CGROUP)
};

struct Cloned {
    pid_t pid = 0;   ///< 0 in the child
    UniqueFd pidfd;  ///< in the parent
};

/// fork(2) with namespaces. The child shares nothing with the parent but what `flags` say.
/// The caller must have one thread (see single_threaded()).
Result<Cloned> clone_process(const CloneRequest& request);

/// True as long as the C library has started no thread (sys/single_threaded.h): a clone then leaves
/// no lock held in the child.
bool single_threaded();

Result<UniqueFd> open_pidfd(pid_t pid);
/// True once the process has ended, whether or not it was reaped: a signal to one that was not
/// still succeeds.
bool has_ended(BorrowedFd pidfd);
/// pidfd_send_signal(2). ESRCH when the process is gone.
Result<void> send_signal(BorrowedFd pidfd, int signal);
/// A copy of descriptor `number` of the process behind `pidfd` (pidfd_getfd(2)).
Result<UniqueFd> fetch_fd(BorrowedFd pidfd, int number);

/// How a child ended.
struct ExitStatus {
    int code = 0;    ///< exit code when signal == 0
    int signal = 0;  ///< terminating signal or 0
    /// 128 + n for signals, as shells report it.
    [[nodiscard]] int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

/// Reaps the child behind `pidfd`; blocks until it ends.
Result<ExitStatus> wait_for(BorrowedFd pidfd);
/// Reaps it if it has ended; code EAGAIN otherwise.
Result<ExitStatus> poll_exit(BorrowedFd pidfd);

/// Ends this process the way another one ended, of which waitpid(2) has said `status`; a signal
/// leaves no core. Makes system calls only.
[[noreturn]] void end_like(int status);

/// How a process ended that somebody else has reaped, or nobody yet (PIDFD_GET_INFO). EAGAIN while
/// it runs; ENOTTY or EOPNOTSUPP from a kernel before Linux 6.15, and for no pidfd at all.
Result<ExitStatus> exit_status_of(BorrowedFd pidfd);

/// setns(2) into the namespaces of the process behind `pidfd` that `flags` (CLONE_NEW*) name.
Result<void> join_namespaces(BorrowedFd pidfd, int flags);
Result<void> unshare_namespaces(int flags);

/// Identity of a process that survives pid reuse: field 22 of /proc/PID/stat (clock ticks).
Result<uint64_t> start_time(pid_t pid);

/// Sets the disposition of `signal` to SIG_IGN, which children inherit.
Result<void> ignore_signal(int signal);

/// Sets it to SIG_DFL. Of SIGCHLD, ignored, the kernel would throw the status of every child away
/// (wait(2)), and whoever starts us may have left it so.
Result<void> default_signal(int signal);

Result<bool> is_ignored(int signal);
/// Sends `signal`, which is blocked and at its default, to this process and takes it: returns when
/// that has continued it, or at once where the kernel has nobody who could (an orphaned process
/// group, setpgid(2)).
Result<void> stop_self(int signal);

/// Where the program of this process was started from; the file there may be a newer one.
Result<std::string> own_program();

/// Name shown by ps and top (prctl(2), PR_SET_NAME); 15 bytes count.
void set_process_name(const char* name);

/// Is 9, "SIGKILL", "KILL", "SIGRTMIN+3" or "RTMIN+3" a signal, and which; 0 if not.
int parse_signal(std::string_view text);
/// "SIGKILL", "SIGRTMIN+3".
std::string signal_name(int signal);

}  // namespace boxctl::os
