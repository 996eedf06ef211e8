// SPDX-License-Identifier: LGPL-2.1-or-later
// The life of box-init with one command, as a table: state x event -> next state and act.
//
//     starting --started--> running --stop asked--> stopping --grace over--> killing --> done
//
// Pure: no clock, no system call. The loop (run.h) turns signals, exits and the clock into events,
// looks up the cell and carries out its act. Every cell is written down, also those that mean
// "nothing": an event that comes late (a grace time that ends while the last process is reaped) is
// ordinary life for a PID 1, not an error.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace boxctl::init {

enum class State : uint8_t {
    starting,  ///< the command has not been executed yet
    running,   ///< the command runs
    stopping,  ///< it was asked to end and has its grace time
    killing,   ///< SIGKILL went to everything left; waiting for the remains
    done,      ///< nothing to wait for; exit now
};
constexpr size_t kStates = 5;

enum class Event : uint8_t {
    started,          ///< the command's exec succeeded
    start_failed,     ///< it did not
    signalled,        ///< a signal to pass on
    resumed,          ///< SIGCONT
    stop_asked,       ///< SIGTERM, SIGINT or a container manager's stop signal
    kill_asked,       ///< a signal that means "now"
    command_stopped,  ///< the command was stopped (job control)
    command_exited,   ///< the command ended; its status is known
    others_reaped,    ///< orphans were reaped, and may have left new ones behind
    deadline,         ///< the time set by begin_stop or kill_all is over
    children_gone,    ///< no child is left at all
};
constexpr size_t kEvents = 11;

enum class Act : uint8_t {
    none,
    forward,     ///< send the signal to the command or its group
    resume,      ///< give it the terminal if we have it, then SIGCONT
    suspend,     ///< the command was stopped: hand that on, or undo it where nobody could
    wake,        ///< SIGCONT to a stopped command, so that it can act on the stop signal
    begin_stop,  ///< send the stop signal and start the grace time
    kill_all,    ///< SIGKILL to everything left and start the last deadline
};

struct Cell {
    State next;
    Act act;
    bool operator==(const Cell&) const = default;
};

/// The cell for `event` in `state`.
Cell transition(State state, Event event);

const char* to_string(State state);

}  // namespace boxctl::init
