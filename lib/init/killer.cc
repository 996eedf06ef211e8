// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/killer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace boxctl::init {

namespace {

/// Only a child of ours: /proc may belong to another PID namespace, where the numbers mean others.
void kill_child(pid_t pid) {
    siginfo_t info = {};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        (void)kill(pid, SIGKILL);
    }
}

/// The kernel's list of our children (proc_pid_children(5)). At the limit of open files standard
/// input makes room for it: the command that it was for is dead or dies now.
int open_children() {
    static constexpr char kChildren[] = "/proc/thread-self/children";
    const int list = open(kChildren, O_RDONLY | O_CLOEXEC);
    if (list >= 0 || errno != EMFILE) return list;
    (void)close(STDIN_FILENO);
    return open(kChildren, O_RDONLY | O_CLOEXEC);
}

/// Kills each of them. Grandchildren become our children when their parents die; the caller comes
/// back after each batch it has reaped.
bool kill_children() {
    const int list = open_children();
    if (list < 0) return false;
    char text[4096];
    pid_t pid = 0;
    ssize_t got = 0;
    while ((got = read(list, text, sizeof text)) > 0) {
        for (ssize_t at = 0; at < got; ++at) {
            if (text[at] >= '0' && text[at] <= '9') {
                pid = pid * 10 + (text[at] - '0');
                continue;
            }
            if (pid > 0) kill_child(pid);
            pid = 0;
        }
    }
    const int error = errno;
    (void)close(list);
    errno = error;
    return got == 0;
}

}  // namespace

bool kill_everything(Reach reach, pid_t group) {
    if (reach == Reach::pid_namespace) {
        (void)kill(-1, SIGKILL);  // ESRCH: nothing is left
        return true;
    }
    if (group > 0) (void)kill(-group, SIGKILL);
    return reach == Reach::group || kill_children();
}

}  // namespace boxctl::init
