// SPDX-License-Identifier: LGPL-2.1-or-later
// Devices: carries out a DevicePlan, and reads what was denied. Host privileges (os/bpf.h).
//
// Nobody keeps a descriptor: the program is found by its name among those of payload/, its maps by
// theirs. So verbs need no supervisor, and a supervisor that executes itself anew loses nothing.
// With the cgroup everything is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/cgroup/apply.h"
#include "lib/cgroup/device_plan.h"
#include "lib/cgroup/device_program.h"
#include "lib/settings/settings.h"

namespace boxctl::cgroup {

/// Has the kernel decide by the plan from now on. In a further life of the box: adds what the plan
/// allows to what was. Nothing when the plan restricts nothing.
Result<void> restrict_devices(const Cgroup& cgroup, const DevicePlan& plan);

/// Has what holds in payload/ of a restricted box hold in a leaf beside it, too.
Result<void> restrict_leaf(os::BorrowedFd machine, os::BorrowedFd leaf);

/// Allows a restricted box what DeviceAllow= among the properties names, from now on. Errors: a
/// device that is not there. Of DevicePolicy= nothing is changed.
Result<void> allow_devices(os::BorrowedFd machine,
                           const std::vector<settings::Assignment>& properties);

/// Attempts that were denied.
struct Refusal {
    host::DeviceNumber device;
    std::string access;   ///< of "rwm"
    std::string command;  ///< comm of the process, the box's own text; empty: not known
    uint64_t count = 0;
    bool operator==(const Refusal&) const = default;
};

/// Of a restricted box, the most frequent first.
Result<std::vector<Refusal>> read_refusals(os::BorrowedFd machine);

// Between rules and entries of the maps; pure.
AllowedKey key_of(const host::DeviceNumber& device);
AllowedValue bits_of(const std::string& access);
Refusal decode_refusal(const RefusedKey& key, RefusedValue count);

}  // namespace boxctl::cgroup
