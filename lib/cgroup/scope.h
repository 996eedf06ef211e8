// SPDX-License-Identifier: LGPL-2.1-or-later
// Scope: the unit that systemd makes for a box, and our side of it.
//
// systemd makes its cgroup and writes its limits; what lies below is delegated to us, and nothing
// else of the hierarchy is touched. The scope ends by itself with the last process in it.
#pragma once

#include <string>

#include <sys/types.h>

#include "lib/cgroup/apply.h"
#include "lib/cgroup/plan.h"

namespace boxctl::cgroup {

/// The leaf of the process that a scope is made around; it stays for as long as the scope.
constexpr const char* kSupervisorLeaf = "supervisor";

/// Has systemd put process `first` into a scope as planned, and waits until it is there. What an
/// earlier box of the name left is replaced; a unit of that name that lives is an error.
Result<void> start_scope(const ScopePlan& plan, const std::string& mount, pid_t first,
                         os::BorrowedFd pidfd);

/// Arranges the cgroup that `first` was put into: moves it to supervisor/, enables the controllers
/// for the box, makes payload/.
Result<Cgroup> fill_scope(const std::string& mount, const std::string& unit, pid_t first);

/// Kills and removes what is below the scope at `dir`, except for `kept` (empty: nothing).
Result<void> clear_scope(const std::string& dir, const std::string& kept);

/// The same from inside: for the process in supervisor/ of scope `unit`, when nobody else is left.
Result<void> clear_own_scope(const std::string& mount, const std::string& unit);

}  // namespace boxctl::cgroup
