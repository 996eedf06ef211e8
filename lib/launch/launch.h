// SPDX-License-Identifier: LGPL-2.1-or-later
// Launch: a Plan becomes a running box. See protocol.h for the three processes and what they say.
#pragma once

#include <vector>

#include <sys/types.h>

#include "lib/launch/reservation.h"
#include "lib/net/apply.h"
#include "lib/os/fd.h"
#include "lib/plan/plan.h"
#include "lib/rootfs/apply.h"

namespace boxctl::launch {

/// A box whose PID 1 has been executed. Destroying it kills the box and reaps PID 1.
struct RunningBox {
    RunningBox() = default;
    RunningBox(const RunningBox&) = delete;
    RunningBox& operator=(const RunningBox&) = delete;
    RunningBox(RunningBox&&) = default;
    RunningBox& operator=(RunningBox&&) = delete;
    ~RunningBox();

    pid_t leader = 0;
    os::UniqueFd pidfd;                          ///< reset() once reaped
    std::vector<rootfs::TerminalEnd> terminals;  ///< index 0 is the console
    os::UniqueFd notify;
    net::Link cable;  ///< index 0: none
};

/// Starts the box. `root` is its directory as host::open_root() gave it. On failure nothing of it
/// runs any more. The caller is single-threaded.
Result<RunningBox> launch(const plan::Plan& plan, const Reservation& reservation,
                          os::BorrowedFd root);

}  // namespace boxctl::launch
