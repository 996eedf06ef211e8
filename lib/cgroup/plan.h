// SPDX-License-Identifier: LGPL-2.1-or-later
// Cgroup plan: where a box's processes are grouped and what they are limited to. Pure; apply.h
// carries it out. Version 2 only: version 1 can neither be delegated safely nor killed as a whole.
//
//     MOUNT/boxctl/NAME/             limits; stays root's, the box cannot see it (H1)
//     MOUNT/boxctl/NAME/payload/     PID 1 starts here; the box's own root of the hierarchy
//     MOUNT/boxctl/NAME/supervisor/  for boxctl itself, where it wants to be counted with the box
//     MOUNT/boxctl/NAME/shell-…/     one for each command that enters later
//
// A kept unit (--keep-unit) takes the place of boxctl/NAME and belongs to its service manager: only
// payload/ and supervisor/ are made in it, and no attribute of the unit itself is written.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/host/facts.h"
#include "lib/settings/settings.h"

namespace boxctl::cgroup {

/// The folder of all boxes, below the mount.
constexpr const char* kFolder = "boxctl";

struct CgroupPlan {
    enum class Kind {
        none,  ///< the box is not grouped
        own,   ///< boxctl/NAME, of our own making
        unit,  ///< the cgroup that the caller was started in
    };
    Kind kind = Kind::none;
    std::string machine_dir;               ///< absolute path, below the mount of version 2
    std::vector<std::string> controllers;  ///< to enable for the limits
    std::vector<std::pair<std::string, std::string>> writes;  ///< file in machine_dir, value
    std::string note;  ///< what the box goes without, one sentence; empty: nothing

    bool operator==(const CgroupPlan&) const = default;
};

/// Errors: a property that is not known, not understood, not available on this machine, or not
/// ours to set (with --keep-unit).
Result<CgroupPlan> plan_cgroup(const settings::Settings& wanted, const host::CgroupFacts& have,
                               const std::string& machine_name);

/// Where the cgroup of a box of this name is or would be; what a clean-up by name removes.
std::string machine_directory(const host::CgroupFacts& have, const std::string& machine_name);

/// One line for the printed plan, the limits included.
std::string describe(const CgroupPlan& plan);

}  // namespace boxctl::cgroup
