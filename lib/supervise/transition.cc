// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>

#include "lib/supervise/machine.h"

namespace boxctl::supervise {

Transition transition(Phase phase, Event event) {
    // Rows: what the box is doing. Columns: stop asked, reboot asked, kill asked, deadline.
    static constexpr Transition kTable[4][4] = {
            /* running   */ {{Phase::stopping, Action::power_off},
                             {Phase::rebooting, Action::reboot},
                             {Phase::killing, Action::kill},
                             {Phase::running, Action::none}},
            /* stopping  */
            {{Phase::killing, Action::kill},
             {Phase::stopping, Action::none},
             {Phase::killing, Action::kill},
             {Phase::killing, Action::kill}},
            // A stop overtakes a reboot; a second reboot does not hurry the first.
            /* rebooting */
            {{Phase::stopping, Action::power_off},
             {Phase::rebooting, Action::none},
             {Phase::killing, Action::kill},
             {Phase::killing, Action::kill}},
            /* killing   */
            {{Phase::killing, Action::none},
             {Phase::killing, Action::none},
             {Phase::killing, Action::none},
             {Phase::killing, Action::none}},
    };
    return kTable[static_cast<size_t>(phase)][static_cast<size_t>(event)];
}

Outcome outcome_of(const os::ExitStatus& status, bool booted, Phase phase) {
    if (status.signal == 0) return {Outcome::Kind::exited, status.code};
    if (phase == Phase::killing) return {Outcome::Kind::killed, status.shell_code(), true};
    // The kernel's way to tell of reboot(2): no other signal from inside can end PID 1.
    if (status.signal == SIGINT) return {Outcome::Kind::power_off, 0};
    // Who asked the box to stop does not want it back, even if its init was about to reboot.
    const bool again = booted && phase != Phase::stopping;
    if (status.signal == SIGHUP && again) return {Outcome::Kind::reboot, 0};
    if (status.signal == SIGHUP) return {Outcome::Kind::power_off, 0};
    return {Outcome::Kind::exited, status.shell_code(), true};
}

}  // namespace boxctl::supervise
