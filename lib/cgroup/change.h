// SPDX-License-Identifier: LGPL-2.1-or-later
// Change: what can be done to a box's cgroup while the box runs.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/settings/settings.h"

namespace boxctl::cgroup {

/// Stops every process of the box, and waits until they stand still (5 s, ETIME): payload/ and what
/// entered later, but not who looks after the box. What enters after this runs.
Result<void> freeze_box(os::BorrowedFd machine);
/// The same without the wait: see is_frozen() of usage.h.
Result<void> begin_freeze(os::BorrowedFd machine);
/// Lets all of them go on. Nothing frozen: success.
Result<void> thaw_box(os::BorrowedFd machine);

/// Writes limits to a cgroup of our own making, and enables their controllers above it. Errors:
/// see limits_of(); a controller that this machine does not have.
Result<void> change_limits(const std::string& machine_dir,
                           const std::vector<settings::Assignment>& properties);

/// How long a changed property of a unit counts.
enum class Until {
    reboot,   ///< of the host (--runtime)
    changed,  ///< again; systemd keeps it in /etc/systemd/system.control, but of a scope nothing
};
/// Has systemd change properties of the unit, all or none.
Result<void> change_unit(const std::string& unit,
                         const std::vector<settings::Assignment>& properties, Until until);

}  // namespace boxctl::cgroup
