// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/base/text.h"
#include "lib/cgroup/properties.h"

namespace boxctl::cgroup {
namespace {

using Kind = CgroupPlan::Kind;

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

Error limit_error(const Limit& limit, const std::string& why, const std::string& hint) {
    Error error("--property=" + printable(limit.property) + ": " + why);
    error.set_hint(hint);
    return error;
}

Result<void> check_controllers(const std::vector<Limit>& limits, const host::CgroupFacts& have) {
    for (const Limit& limit : limits) {
        if (contains(have.controllers, limit.controller)) continue;
        const std::string why =
                "cgroup v2 has no " + quote(limit.controller) + " controller on this machine";
        if (have.layout == host::CgroupLayout::hybrid) {
            return limit_error(limit, why,
                               "cgroup v1 may hold it: boot the kernel with cgroup_no_v1=" +
                                       limit.controller + ", or leave the property out");
        }
        return limit_error(limit, why, "use a kernel that has it, or leave the property out");
    }
    return {};
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

}  // namespace

Result<CgroupPlan> plan_cgroup(const settings::Settings& wanted, const host::CgroupFacts& have,
                               const std::string& machine_name) {
    const auto limits = BOX_TRY(parse_properties(wanted.resources.properties.value));
    CgroupPlan plan;
    const std::string unit = unit_of(have.own);
    const bool keep = wanted.exec.keep_unit.value;
    if (keep && have.layout != host::CgroupLayout::none && unit != "/") {
        if (!limits.empty()) {
            return limit_error(limits.front(), "the limits of a kept unit are its manager's",
                               "set them on the unit, or leave --keep-unit out");
        }
        plan.kind = Kind::unit;
        plan.machine_dir = have.mount + unit;
        return plan;
    }
    if (const std::string why = obstacle(have); !why.empty()) {
        if (!limits.empty()) {
            return limit_error(limits.front(), why + ", limits are not available",
                               "mount cgroup2 writable, or leave the property out");
        }
        plan.note = why + ": processes of the box are not grouped, limits are not available";
        return plan;
    }
    BOX_TRY(check_controllers(limits, have));
    plan.kind = Kind::own;
    plan.machine_dir = machine_directory(have, machine_name);
    if (keep) plan.note = "no unit to keep here: the box gets a cgroup of its own";
    add_limits(plan, limits);
    return plan;
}

std::string machine_directory(const host::CgroupFacts& have, const std::string& machine_name) {
    return have.mount + "/" + kFolder + "/" + directory_name(machine_name);
}

std::string describe(const CgroupPlan& plan) {
    if (plan.kind == Kind::none) return "none";
    std::string text = printable(plan.machine_dir);
    if (plan.kind == Kind::unit) text += " (kept)";
    for (const auto& [file, value] : plan.writes) {
        text += ", " + file + "=" + value;
    }
    return text;
}

}  // namespace boxctl::cgroup
