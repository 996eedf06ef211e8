// SPDX-License-Identifier: LGPL-2.1-or-later
// Carries out a CgroupPlan, with host privileges, and acts on the cgroups it made.
//
// The kernel's side of it: Documentation/admin-guide/cgroup-v2.rst, cgroups(7).
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "lib/cgroup/plan.h"
#include "lib/os/fd.h"

namespace boxctl::cgroup {

/// How many cgroups a box can have below its own, and how deep. Stopping a box costs time in
/// proportion, and each one costs the kernel memory (H6).
constexpr uint32_t kMaxDescendants = 5000;
constexpr uint32_t kMaxDepth = 32;

struct Cgroup {
    CgroupPlan::Kind kind = CgroupPlan::Kind::none;
    std::string machine_dir;
    os::UniqueFd machine;  ///< machine_dir
    os::UniqueFd payload;  ///< for CloneRequest::cgroup; kill, freeze and watch the box here
    std::string box_dir;   ///< what remove() takes: machine_dir, or only payload in a kept unit
};

/// Makes the directories (0755), enables the controllers and writes the limits. With Kind::none
/// nothing is made and no descriptor is valid; Kind::scope is made by scope.h. In a kept unit the
/// caller is moved into supervisor/. Nothing is left when this fails.
/// An empty left-over of the same name is replaced, one that still empties itself is waited for
/// (1 s); EBUSY when processes stay in it.
Result<Cgroup> make(const CgroupPlan& plan);

/// Hands payload/ to the box's root: the directory, the files that move processes and enable
/// controllers, and the two that concern nobody outside (memory.oom.group, memory.reclaim).
Result<void> delegate(const Cgroup& cgroup, uid_t box_root);

/// Moves the calling process into `dir`.
Result<void> enter(os::BorrowedFd dir);

/// SIGKILL to every process in and below `dir`, at once, frozen or not. An error before Linux 5.14,
/// which has no cgroup.kill.
Result<void> kill_all(os::BorrowedFd dir);

Result<void> freeze(os::BorrowedFd dir);
Result<void> thaw(os::BorrowedFd dir);

/// cgroup.events of `dir`: poll(2) reports POLLPRI whenever populated() or frozenness changes.
Result<os::UniqueFd> open_events(os::BorrowedFd dir);
/// Is there a process in or below the cgroup whose open_events() this is?
Result<bool> populated(os::BorrowedFd events);
/// Waits until there is none; ETIME after `milliseconds`.
Result<void> wait_empty(os::BorrowedFd events, int milliseconds);

/// A cgroup for processes that enter the box later, beside payload/.
struct Leaf {
    os::UniqueFd dir;  ///< for CloneRequest::cgroup or enter()
    std::string name;  ///< PREFIX-XXXXXXXX
};
Result<Leaf> make_leaf(os::BorrowedFd machine, const std::string& prefix);
/// False when processes are left in it; it then goes with the box. True when it is gone.
Result<bool> remove_leaf(os::BorrowedFd machine, const std::string& name);

/// Kills what is left of the box and removes the cgroups that were made for it; of a scope, all but
/// supervisor/, whose process is to be ended last. Nothing for one that was moved from.
Result<void> end(const Cgroup& cgroup);

/// Kills what is in and below `box_dir`, waits for its end (5 s, ETIME) and removes the whole
/// subtree, also the folder of all boxes when this was the last. Nothing there: success. EBUSY when
/// the caller itself is inside: it has to enter() another cgroup first.
Result<void> remove(const std::string& box_dir);

}  // namespace boxctl::cgroup
