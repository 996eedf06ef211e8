// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/base/text.h"
#include "lib/base/unit_name.h"
#include "lib/bus/unit_properties.h"
#include "lib/cgroup/device_plan.h"
#include "lib/cgroup/properties.h"

namespace boxctl::cgroup {
namespace {

using Kind = CgroupPlan::Kind;

constexpr const char* kDefaultSlice = "machine.slice";
/// What machined gives the scopes it makes.
constexpr uint64_t kDefaultTasks = 16384;

bool contains(const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// A directory "cgroup.procs" or "memory.max" cannot be made: the kernel keeps a file there. Such
/// names get a "_" in front, as systemd does it; no machine name begins with one.
std::string directory_name(const std::string& machine_name) {
    constexpr std::array<std::string_view, 14> kReserved = {
            "cgroup.", "cpu.",  "cpuset.", "io.",  "memory.",     "pids.",  "hugetlb.",
            "rdma.",   "misc.", "dmem.",   "irq.", "perf_event.", "debug.", "freezer."};
    const bool reserved =
            std::any_of(kReserved.begin(), kReserved.end(),
                        [&](std::string_view prefix) { return machine_name.starts_with(prefix); });
    return (reserved ? "_" : "") + machine_name;
}

/// The unit that the caller is in, or "/" when it is in none. A service manager may have put the
/// caller into a leaf "supervisor" of it already (DelegateSubgroup= of systemd).
std::string unit_of(const std::string& own) {
    constexpr std::string_view kLeaf = "/supervisor";
    std::string unit = own;
    if (unit.ends_with(kLeaf)) unit.resize(unit.size() - kLeaf.size());
    // "/../x" is how the kernel tells of a place outside the caller's cgroup namespace.
    return unit.empty() || unit.starts_with("/..") ? "/" : unit;
}

Error property_error(const std::string& property, const std::string& why, const std::string& hint) {
    Error error("--property=" + printable(property) + ": " + why);
    error.set_hint(hint);
    return error;
}
Error property_error(const settings::Assignment& property, const std::string& why,
                     const std::string& hint) {
    return property_error(property.name + "=" + property.value, why, hint);
}

/// Why there can be no cgroup of ours, or empty.
std::string obstacle(const host::CgroupFacts& have) {
    if (have.layout == host::CgroupLayout::none) return "no cgroup v2 here";
    if (!have.writable) return "cgroup v2 is not writable here";
    return "";
}

void add_limits(CgroupPlan& plan, const std::vector<Limit>& limits) {
    for (const Limit& limit : limits) {
        if (!contains(plan.controllers, limit.controller)) {
            plan.controllers.push_back(limit.controller);
        }
        plan.writes.emplace_back(limit.file, limit.value);
    }
}

Result<CgroupPlan> plan_kept_unit(const settings::Settings& wanted, const host::CgroupFacts& have,
                                  const std::string& unit) {
    const auto& properties = wanted.resources.properties.value;
    if (!properties.empty()) {
        return property_error(properties.front(), "the limits of a kept unit are its manager's",
                              "set them on the unit, or leave --keep-unit out");
    }
    if (have.systemd && !have.own_delegated) {
        Error error("--keep-unit: " + quote(unit) + " is not delegated to us");
        error.set_hint("give that unit Delegate=yes, or leave --keep-unit out");
        return error;
    }
    CgroupPlan plan;
    plan.kind = Kind::unit;
    plan.mount = have.mount;
    plan.machine_dir = have.mount + unit;
    return plan;
}

Result<CgroupPlan> plan_scope(const settings::Settings& wanted, const host::HostFacts& have,
                              const CgroupContext& context) {
    const auto& properties = wanted.resources.properties.value;
    CgroupPlan plan;
    plan.mount = have.cgroup.mount;
    if (!have.services.bus && !have.services.manager) {
        const std::string why = "systemd manages the cgroups here and cannot be reached";
        if (!properties.empty()) {
            return property_error(properties.front(), why,
                                  "start boxctl where systemd can be reached, or leave it out");
        }
        plan.note = why + ": processes of the box are not grouped, limits are not available";
        return plan;
    }
    const std::string& slice = wanted.resources.slice.value;
    plan.kind = Kind::scope;
    plan.scope.unit = BOX_TRY(machine_scope(context.machine_name));
    plan.scope.bus = have.services.bus;
    plan.scope.manager = have.services.manager;
    plan.scope.needed = !properties.empty();
    std::vector<bus::Property>& scope = plan.scope.properties;
    scope = {{"Description", "Box " + context.machine_name},
             {"Slice", slice.empty() ? std::string(kDefaultSlice) : slice},
             {"Delegate", true},
             {"CollectMode", std::string("inactive-or-failed")},
             {"TasksMax", kDefaultTasks},
             {"DevicePolicy", std::string("closed")},
             default_devices(have, context.devices)};
    if (context.poweroff_signal != 0) scope.push_back({"KillSignal", context.poweroff_signal});
    for (const settings::Assignment& property : properties)
        BOX_TRY(bus::assign_property(scope, property.name, property.value).context("--property"));
    // Cores of a box's processes are handed to the systemd-coredump in it. Since systemd 255.
    if (wanted.mode == settings::Mode::boot) plan.scope.newer = {{"CoredumpReceive", true}};
    return plan;
}

Result<CgroupPlan> plan_own(const settings::Settings& wanted, const host::CgroupFacts& have,
                            const CgroupContext& context) {
    const auto limits = BOX_TRY(limits_of(wanted.resources.properties.value));
    CgroupPlan plan;
    plan.mount = have.mount;
    if (const std::string why = obstacle(have); !why.empty()) {
        if (!limits.empty()) {
            return property_error(limits.front().property, why + ", limits are not available",
                                  "mount cgroup2 writable, or leave the property out");
        }
        plan.note = why + ": processes of the box are not grouped, limits are not available";
        return plan;
    }
    BOX_TRY(check_controllers(limits, have));
    plan.kind = Kind::own;
    plan.machine_dir = machine_directory(have, context.machine_name);
    add_limits(plan, limits);
    if (wanted.resources.slice.is_set()) {
        plan.note = "this machine was not booted with systemd: --slice is without effect";
    }
    return plan;
}

}  // namespace

Result<void> check_controllers(const std::vector<Limit>& limits, const host::CgroupFacts& have) {
    for (const Limit& limit : limits) {
        if (contains(have.controllers, limit.controller)) continue;
        const std::string why =
                "cgroup v2 has no " + quote(limit.controller) + " controller on this machine";
        if (have.layout == host::CgroupLayout::hybrid) {
            return property_error(limit.property, why,
                                  "cgroup v1 may hold it: boot the kernel with cgroup_no_v1=" +
                                          limit.controller + ", or leave the property out");
        }
        return property_error(limit.property, why,
                              "use a kernel that has it, or leave the property out");
    }
    return {};
}

Result<CgroupPlan> plan_cgroup(const settings::Settings& wanted, const host::HostFacts& have,
                               const CgroupContext& context) {
    const std::string unit = unit_of(have.cgroup.own);
    const bool keep = wanted.exec.keep_unit.value;
    if (keep && have.cgroup.layout != host::CgroupLayout::none && unit != "/") {
        return plan_kept_unit(wanted, have.cgroup, unit);
    }
    CgroupPlan plan = BOX_TRY(have.cgroup.systemd ? plan_scope(wanted, have, context)
                                                  : plan_own(wanted, have.cgroup, context));
    if (keep && plan.note.empty()) {
        plan.note = "no unit to keep here: the box gets a cgroup of its own";
    }
    return plan;
}

std::string machine_directory(const host::CgroupFacts& have, const std::string& machine_name) {
    return have.mount + "/" + kFolder + "/" + directory_name(machine_name);
}

std::string describe(const CgroupPlan& plan) {
    if (plan.kind == Kind::none) return "none";
    if (plan.kind == Kind::scope) {
        std::string text = plan.scope.unit;
        if (!plan.scope.bus) text += " (asked for without a bus)";
        for (const bus::Property& property : plan.scope.properties)
            text += ", " + bus::describe(property);
        return text;
    }
    std::string text = printable(plan.machine_dir);
    if (plan.kind == Kind::unit) text += " (kept)";
    for (const auto& [file, value] : plan.writes) {
        text += ", " + file + "=" + value;
    }
    return text;
}

}  // namespace boxctl::cgroup
