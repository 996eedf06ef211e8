// SPDX-License-Identifier: LGPL-2.1-or-later
// What machined notes of each machine, to read it when it is started anew.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::supervise {

constexpr const char* kMachinedRecords = "/run/systemd/machines";

/// It has ended, reaped or not.
bool is_dead(pid_t pid);

/// Removes what is noted of machine `name` in the directory `records` when its leader is dead: it
/// ended while machined was away, as when the bus restarts. A machined that starts ends the unit of
/// such a machine, and so the next one of that name, which has the same. True: there was something.
Result<bool> forget_dead_machine(os::BorrowedFd records, const std::string& name);

}  // namespace boxctl::supervise
