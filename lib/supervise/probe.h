// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/os/process.h"
#include "lib/settings/settings.h"

namespace boxctl::supervise {

/// One look into a box from outside, for the rules tcp, socket and file.
struct Probe {
    settings::ReadyRule rule;
    pid_t leader = 0;          ///< PID 1 of the box, a child that is not reaped
    os::BorrowedFd pidfd{-1};  ///< of the same
    bool own_network = true;   ///< the box's network is not the host's
};

/// Starts a child that looks and exits with 0 when it found what it looked for, else with 1. It may
/// hang, as a file system that the box serves itself may: who starts it kills it after a while. It
/// keeps the host's privileges and namespaces, but for the network it connects in.
Result<os::Cloned> start_probe(const Probe& probe);

}  // namespace boxctl::supervise
