// SPDX-License-Identifier: LGPL-2.1-or-later
// The terminal on standard input: who has it, and what a stopped command means.
//
// The command always gets a process group of its own, and the terminal with it. box-init stays in
// the session. Two situations differ (Role):
//
// leader  box-init leads the session: a container with a terminal. No shell is above that could
//         continue a stopped command, so Ctrl-Z would hang the container for ever; a stop that
//         came from the terminal is undone. On a hang-up the kernel tells the leader alone, and
//         SIGHUP is passed on like any signal.
// member  a shell above has job control: box-init stops itself when the command is stopped, and
//         hands the terminal on when it is continued in the foreground.
#pragma once

#include <stdint.h>
#include <sys/types.h>

namespace boxctl::init {

enum class TerminalRole : uint8_t { none, leader, member };

struct Terminal {
    TerminalRole role = TerminalRole::none;
    bool hand_over = false;  ///< give it to the command at the start
    bool pid_one = false;
};

/// Looks at standard input; a PID 1 whose terminal belongs to no session yet takes it.
Terminal find_terminal(bool pid_one);

/// Makes `group` the foreground group. A failure (terminal gone) is not an error: the command then
/// gets what a process without terminal gets.
void give_terminal(pid_t group);

/// Answers a stop of the command by `stop_signal`; `wanted` when box-init itself passed it on.
void suspend_command(const Terminal& terminal, pid_t command, int stop_signal, bool wanted);

/// Gives the terminal to the command if box-init's own group has it (SIGCONT after "fg").
void resume_terminal(const Terminal& terminal, pid_t command);

/// Gives the terminal back to box-init's own group before box-init exits, where it is a member
/// and nobody else has taken it.
void leave_terminal(const Terminal& terminal, pid_t command);

}  // namespace boxctl::init
