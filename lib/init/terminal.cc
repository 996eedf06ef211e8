// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lib/init/signals.h"

namespace boxctl::init {

namespace {

bool leads_session() {
    return getsid(0) == getpid();
}

bool in_foreground() {
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void continue_with_terminal(pid_t command) {
    give_terminal(command);
    (void)kill(-command, SIGCONT);
}

/// Stops box-init's own group as the terminal would have. True if we were stopped, or something
/// above us was; false when the kernel dropped the signal because nobody could continue us
/// (orphaned group) or because it was ignored from the start.
bool stop_own_group(const Terminal& terminal) {
    (void)kill(0, SIGTSTP);
    let_through(SIGTSTP);
    // A PID 1 is never stopped from inside, but its group can have members in the outer namespace
    // (unshare --fork) that were, and the shell there will send SIGCONT to all.
    return terminal.pid_one || is_pending(SIGCONT);
}

}  // namespace

Terminal find_terminal(bool pid_one) {
    Terminal terminal;
    terminal.pid_one = pid_one;
    if (isatty(STDIN_FILENO) == 0) return terminal;
    pid_t session = 0;
    if (ioctl(STDIN_FILENO, TIOCGSID, &session) == 0) {  // succeeds for our own terminal only
        terminal.role = leads_session() ? TerminalRole::leader : TerminalRole::member;
        terminal.hand_over = terminal.role == TerminalRole::leader || in_foreground();
        return terminal;
    }
    if (!pid_one) return terminal;
    (void)setsid();  // EPERM: we lead a group; TIOCSCTTY then decides
    if (leads_session() && ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0) {
        terminal.role = TerminalRole::leader;
        terminal.hand_over = true;
    }
    return terminal;
}

void give_terminal(pid_t group) {
    (void)tcsetpgrp(STDIN_FILENO, group);
}

void suspend_command(const Terminal& terminal, pid_t command, int stop_signal, bool wanted) {
    const bool wants_terminal = stop_signal == SIGTTIN || stop_signal == SIGTTOU;
    if (terminal.role == TerminalRole::none) return;
    if (terminal.role == TerminalRole::leader) {
        if (stop_signal != SIGSTOP && !wanted) continue_with_terminal(command);
        return;
    }
    if ((wants_terminal && in_foreground()) || !stop_own_group(terminal)) {
        continue_with_terminal(command);
    }
}

void resume_terminal(const Terminal& terminal, pid_t command) {
    if (terminal.role == TerminalRole::member && in_foreground()) give_terminal(command);
}

void leave_terminal(const Terminal& terminal, pid_t command) {
    if (terminal.role != TerminalRole::member || getpgrp() == 0) return;
    // A script without job control above us would read from a background group otherwise.
    const pid_t foreground = tcgetpgrp(STDIN_FILENO);
    const bool nobody = foreground > 0 && kill(-foreground, 0) < 0 && errno == ESRCH;
    if (foreground == command || nobody) give_terminal(getpgrp());
}

}  // namespace boxctl::init
