// SPDX-License-Identifier: LGPL-2.1-or-later
// Cgroup plan: where a box's processes are grouped and what they are limited to. Pure; apply.h
// carries it out. Version 2 only: version 1 can neither be delegated safely nor killed as a whole.
//
// On a host booted with systemd a box has a scope, which systemd makes and which is delegated to
// us:
//
//     SLICE/machine-NAME.scope/      limits; systemd's, we write no attribute of it but the one
//                                    that hands controllers on
//     SLICE/machine-NAME.scope/payload/     PID 1 starts here; the box's own root
//     SLICE/machine-NAME.scope/supervisor/  the watch, which keeps the scope over reboots
//     SLICE/machine-NAME.scope/shell-…/     one for each command that enters later
//
// Where systemd did not boot the machine, nobody else writes to the hierarchy:
//
//     MOUNT/boxctl/NAME/             limits; stays root's, the box cannot see it (H1)
//     MOUNT/boxctl/NAME/payload/     PID 1 starts here; the box's own root of the hierarchy
//     MOUNT/boxctl/NAME/shell-…/
//
// A kept unit (--keep-unit) takes the place of the scope. boxctl itself goes into its supervisor/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/bus/property.h"
#include "lib/cgroup/properties.h"
#include "lib/host/facts.h"
#include "lib/settings/settings.h"

namespace boxctl::cgroup {

/// The folder of all boxes, below the mount.
constexpr const char* kFolder = "boxctl";

/// A transient scope of systemd (systemd.scope(5)).
struct ScopePlan {
    std::string unit;                       ///< "machine-web.scope"
    std::vector<bus::Property> properties;  ///< what systemd is told, in this order
    std::vector<bus::Property> newer;       ///< the same, left out where systemd knows less
    bool bus = false;                       ///< try the system bus
    bool manager = false;                   ///< then systemd's own socket
    bool needed = false;                    ///< no box without it, as limits were asked for

    bool operator==(const ScopePlan&) const = default;
};

struct CgroupPlan {
    enum class Kind {
        none,   ///< the box is not grouped
        own,    ///< boxctl/NAME, of our own making
        unit,   ///< the cgroup that the caller was started in
        scope,  ///< one that systemd makes for the box
    };
    Kind kind = Kind::none;
    std::string machine_dir;  ///< absolute path, below the mount of version 2; scope: systemd's say
    std::string mount;        ///< of version 2
    ScopePlan scope;
    std::vector<std::string> controllers;                     ///< to enable for the limits
    std::vector<std::pair<std::string, std::string>> writes;  ///< file in machine_dir, value
    std::string note;  ///< what the box goes without, one sentence; empty: nothing

    bool operator==(const CgroupPlan&) const = default;
};

/// What the plan of the cgroup takes from the rest of the plan.
struct CgroupContext {
    std::string machine_name;
    std::vector<host::BoundDevice> devices;
    int poweroff_signal = 0;  ///< 0: the init is asked in another way
};

/// Errors: a property that is not understood, not available on this machine, or not ours to set
/// (with --keep-unit); a unit to keep that is not delegated to us.
Result<CgroupPlan> plan_cgroup(const settings::Settings& wanted, const host::HostFacts& have,
                               const CgroupContext& context);

/// An error that names the first limit whose controller this machine lacks.
Result<void> check_controllers(const std::vector<Limit>& limits, const host::CgroupFacts& have);

/// Where the cgroup of our own making of a box of this name is or would be; what a clean-up by name
/// removes.
std::string machine_directory(const host::CgroupFacts& have, const std::string& machine_name);

/// One line for the printed plan, the limits included.
std::string describe(const CgroupPlan& plan);

}  // namespace boxctl::cgroup
