// SPDX-License-Identifier: LGPL-2.1-or-later
// Device plan: which devices a box may open, and whether a program of ours sees to it. Pure.
//
// A contained box can open no device but those it was given: all its mounts are "nodev", the nodes
// in its /dev are ours, and it can make none. So it gets the program only with a device bound into
// it, which it may otherwise open for more than was meant, or when properties say something about
// devices. A privileged box always gets it: its root can make any node.
//
// systemd has a program of its own for the unit. Both are asked, and one refusal is enough; ours
// has the same rules and is the one that counts.
#pragma once

#include <string>
#include <vector>

#include "lib/cgroup/plan.h"
#include "lib/host/devices.h"
#include "lib/host/facts.h"
#include "lib/settings/settings.h"

namespace boxctl::cgroup {

struct DeviceRule {
    host::DeviceNumber device;
    std::string access;  ///< of "rwm": read, write, make a node
    bool operator==(const DeviceRule&) const = default;
};

struct DevicePlan {
    bool restricted = false;        ///< load the program
    std::vector<DeviceRule> rules;  ///< at most one for a device
    std::string unit;  ///< what this unit's own DeviceAllow= names is allowed, too; empty: none
    std::string note;  ///< what the box goes without, one sentence; empty: nothing
};

struct DeviceContext {
    bool contained = true;
    const CgroupPlan& cgroup;
};

/// Errors: properties about devices where nothing can see to them.
Result<DevicePlan> plan_devices(const settings::Settings& wanted, const host::HostFacts& have,
                                const host::RootFacts& root, const DeviceContext& context);

/// Allows a device more than `rules` do already; `more` as in DeviceRule.
void allow_device(std::vector<DeviceRule>& rules, const host::DeviceNumber& device,
                  const std::string& more);

/// What systemd is told to allow the box (DeviceAllow=) before properties change it.
bus::Property default_devices(const host::HostFacts& have,
                              const std::vector<host::BoundDevice>& bound);

bool is_about_devices(const settings::Assignment& property);

/// "char 10:229 rwm".
std::string describe(const DeviceRule& rule);
/// One line for the printed plan.
std::string describe(const DevicePlan& plan);

}  // namespace boxctl::cgroup
