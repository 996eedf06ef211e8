// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/reaper.h"

#include <errno.h>
#include <sys/wait.h>

namespace boxctl::init {

Child reap_one() {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED);
    if (pid < 0) return {errno == ECHILD ? Fate::no_children : Fate::none, 0, 0};
    if (pid == 0) return {};
    if (WIFEXITED(status)) return {Fate::exited, pid, WEXITSTATUS(status)};
    if (WIFSIGNALED(status)) return {Fate::exited, pid, 128 + WTERMSIG(status)};
    return {Fate::stopped, pid, WSTOPSIG(status)};
}

}  // namespace boxctl::init
