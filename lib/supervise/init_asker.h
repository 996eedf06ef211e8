// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <optional>

#include "lib/event/loop.h"
#include "lib/os/fd.h"
#include "lib/shell/enter.h"
#include "lib/state/record.h"

namespace boxctl::supervise {

/// Asks the init of a box to power off or to reboot, in its own language, and goes on asking once a
/// second while there is reason to think that it has not heard.
class InitAsker {
 public:
    /// `leader` is the pidfd of PID 1. All three outlive this object.
    InitAsker(event::Loop& loop, const state::Record& record, os::BorrowedFd leader)
            : loop_(loop), record_(record), leader_(leader) {}

    /// Takes the place of what was asked before. `deaf` is called, before this returns, when PID 1
    /// is a command that has no handler for the signal: the kernel drops it then.
    void ask(const state::Request& request, std::function<void(int signal)> deaf);

 private:
    void ask_once();
    void ask_by_command();
    void ask_again();

    event::Loop& loop_;
    const state::Record& record_;
    os::BorrowedFd leader_;
    state::Request request_;
    std::function<void(int)> deaf_;
    event::TimerSource again_;
    std::optional<shell::Session> session_;
    event::Source session_source_;
};

}  // namespace boxctl::supervise
