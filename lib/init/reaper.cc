// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/reaper.h"

#include <errno.h>
#include <sys/wait.h>

#include "lib/init/text.h"

namespace boxctl::init {

Child child_with(pid_t pid, int status) {
    if (WIFEXITED(status)) return {Fate::exited, pid, WEXITSTATUS(status)};
    if (WIFSIGNALED(status)) return {Fate::exited, pid, 128 + WTERMSIG(status)};
    return {Fate::stopped, pid, WSTOPSIG(status)};
}

Child reap_one() {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED);
    if (pid < 0) return {errno == ECHILD ? Fate::no_children : Fate::none, 0, 0};
    if (pid == 0) return {};
    return child_with(pid, status);
}

bool tells_reaped(const Options& options) {
    return options.tell_reaped || says(Level::debug);
}

void tell_reaped(const Child& child) {
    Line line = message();
    line.add("reaped process ").add(int64_t{child.pid}).add(", status ");
    say(Level::error, line.add(int64_t{child.status}));
}

}  // namespace boxctl::init
