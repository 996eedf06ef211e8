// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/start.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/init/exec.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

/// In the child: same memory as box-init, which sleeps in vfork(2); same credentials and
/// namespaces; every signal still blocked. Only system calls, and never a return.
[[noreturn]] void become_command(const Options& options, const Terminal& terminal,
                                 const InheritedSignals& signals, volatile int& error) {
    if (options.own_session && terminal.role == TerminalRole::none) {
        (void)setsid();  // cannot fail: a fresh process leads no group
    } else {
        (void)setpgid(0, 0);
        if (terminal.hand_over) give_terminal(getpid());
    }
    // SIGKILL is the one signal that box-init cannot pass on when its parent dies.
    if (options.parent_death_signal == SIGKILL) (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    give_signals(signals);
    error = execute(options.command);
    _exit(127);
}

}  // namespace

Started start_command(const Options& options, const Terminal& terminal,
                      const InheritedSignals& signals) {
    volatile int error = 0;
    const pid_t pid = vfork();
    if (pid == 0) become_command(options, terminal, signals, error);
    if (pid < 0) return {0, errno, false};
    return {pid, error, true};
}

int report_failure(const Started& started, const char* command) {
    Line line = message();
    line.add("start ").quoted(command).add(": ").add(errno_text(started.error));
    const bool is_path = strchr(command, '/') != nullptr;
    if (started.forked && started.error == ENOENT && is_path && access(command, F_OK) == 0) {
        line.add(" (the file exists: its interpreter or loader does not)");
    }
    say(Level::error, line);
    if (!started.forked) return 125;
    return started.error == ENOENT ? 127 : 126;
}

}  // namespace boxctl::init
