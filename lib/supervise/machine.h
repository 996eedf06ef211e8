// SPDX-License-Identifier: LGPL-2.1-or-later
// Machine: one running box, from the execution of its PID 1 to its end.
//
// The supervisor holds the box's other half: the masters of its terminals, its notify socket, the
// pidfd of its PID 1. It sleeps until one of them, a signal or the stop deadline has something to
// say. What happens when is one table (transition()), so that every case can be looked at.
//
// All that it knows of the box is in its record and in these descriptors; the plan is gone by then.
#pragma once

#include <signal.h>

#include "lib/base/result.h"
#include "lib/launch/launch.h"
#include "lib/os/process.h"
#include "lib/state/record.h"

namespace boxctl::supervise {

/// Sent to the supervisor by a process that reads the box's passive console from now on, until it
/// ends.
constexpr int kGiveConsole = SIGUSR1;

enum class Phase { running, stopping, rebooting, killing };
enum class Event {
    stop_asked,    ///< SIGTERM, SIGINT, a hang-up, ^]^]p
    reboot_asked,  ///< ^]^]r
    kill_asked,    ///< ^]^]^]
    deadline,      ///< the stop timeout has passed
};
enum class Action { none, power_off, reboot, kill };

struct Transition {
    Phase next;
    Action action;
};

/// What an event does in a phase. Asking twice to stop means: now.
Transition transition(Phase phase, Event event);

/// How a box ended.
struct Outcome {
    enum class Kind {
        exited,     ///< PID 1 ended; `code` is its status
        power_off,  ///< poweroff or halt inside (reboot(2) in a PID namespace)
        reboot,     ///< reboot inside
        killed,     ///< by us, because it was asked for or did not stop in time
    };
    Kind kind = Kind::exited;
    int code = 0;
};

/// Of PID 1's wait status: reboot(2) in a PID namespace ends it by SIGHUP (restart) or SIGINT
/// (halt, power off), see pid_namespaces(7). Only what was booted comes back from a restart.
Outcome outcome_of(const os::ExitStatus& status, bool booted, Phase phase);

/// Stays with the box until it is gone. `record` is written when the phase changes.
Result<Outcome> supervise(launch::RunningBox& box, state::Record record);

}  // namespace boxctl::supervise
