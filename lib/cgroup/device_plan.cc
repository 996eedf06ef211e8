// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/device_plan.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/bus/unit_properties.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

using Kind = CgroupPlan::Kind;
using host::DeviceNumber;

constexpr const char* kAllow = "DeviceAllow";
constexpr const char* kPolicy = "DevicePolicy";
constexpr const char* kTerminals = "char-pts";
/// The slaves of all pseudo terminals; a box has instances of devpts of its own alone.
constexpr DeviceNumber kEverySlave = {false, 136, std::nullopt};
constexpr DeviceNumber kMultiplexer = {false, 5, 2};

DeviceNumber number_of(const host::NamedDevice& device) {
    return {false, device.major_number, device.minor_number};
}

std::string path_of(const host::NamedDevice& device) {
    return std::string("/dev/") + device.name;
}

/// What our own builder makes in /dev and /run/host/inaccessible, also for the next life of the
/// box, and, but for DevicePolicy=strict, what systemd gives every unit
/// (systemd.resource-control(5)).
void allow_plain(std::vector<DeviceRule>& rules, const host::HostFacts& have, bool strict) {
    const std::string access = strict ? "m" : "rwm";
    for (const host::NamedDevice& device : host::kPlainDevices)
        allow_device(rules, number_of(device), access);
    allow_device(rules, kMultiplexer, access);
    for (const bool block : {false, true})
        allow_device(rules, {block, 0, 0}, access);
    if (have.device_fuse) allow_device(rules, number_of(host::kFuse), "m");
    if (have.device_tun) allow_device(rules, number_of(host::kTun), "m");
}

std::vector<DeviceNumber> resolve(const std::string& name, const host::RootFacts& root) {
    if (name == kTerminals) return {kEverySlave};
    for (const host::NamedDevice& device : {host::kFuse, host::kTun}) {
        if (name == path_of(device)) return {number_of(device)};
    }
    for (const host::RuledDevices& ruled : root.ruled_devices) {
        if (ruled.rule == name) return ruled.numbers;
    }
    for (const host::BoundDevice& bound : root.bound_devices) {
        if (bound.path == name) return {bound.number};
    }
    return {};
}

struct Wishes {
    bus::TextPairs allowed;
    bool strict = false;
};

Result<Wishes> read_wishes(const std::vector<settings::Assignment>& properties,
                           bus::Property allowed) {
    std::vector<bus::Property> told = {std::move(allowed)};
    for (const settings::Assignment& property : properties) {
        if (!is_about_devices(property)) continue;
        BOX_TRY(bus::assign_property(told, property.name, property.value).context("--property"));
    }
    Wishes wishes;
    for (const bus::Property& property : told) {
        const auto* list = std::get_if<bus::TextPairs>(&property.value);
        if (list != nullptr) wishes.allowed = *list;
        const auto* policy = std::get_if<std::string>(&property.value);
        if (policy != nullptr) wishes.strict = *policy == "strict";
    }
    return wishes;
}

/// Where there is no program, systemd's may be enough.
Result<DevicePlan> go_without(const std::vector<settings::Assignment>& properties,
                              const CgroupPlan& cgroup) {
    DevicePlan plan;
    if (cgroup.kind == Kind::scope || cgroup.kind == Kind::unit) {
        plan.note = "no BPF device programs here: denied devices are not counted";
        return plan;
    }
    const std::string why =
            cgroup.kind == Kind::none ? "no cgroup for the box" : "no BPF device programs here";
    const auto asked = std::ranges::find_if(properties, is_about_devices);
    if (asked != properties.end()) {
        Error error("--property=" + printable(asked->name + "=" + asked->value) + ": " + why);
        error.set_hint("devices cannot be restricted: leave the property out");
        return error;
    }
    plan.note = why + ": what the box does with device nodes is not restricted";
    return plan;
}

}  // namespace

void allow_device(std::vector<DeviceRule>& rules, const DeviceNumber& device,
                  const std::string& more) {
    auto rule = std::ranges::find(rules, device, &DeviceRule::device);
    if (rule == rules.end()) rule = rules.insert(rules.end(), {device, ""});
    std::string all;  // letters in this order, whoever wrote them
    for (const char right : std::string("rwm")) {
        if (rule->access.find(right) != std::string::npos || more.find(right) != std::string::npos)
            all += right;
    }
    rule->access = all;
}

bool is_about_devices(const settings::Assignment& property) {
    return property.name == kAllow || property.name == kPolicy;
}

bus::Property default_devices(const host::HostFacts& have,
                              const std::vector<host::BoundDevice>& bound) {
    bus::TextPairs allowed = {{kTerminals, "rw"}};
    if (have.device_tun) allowed.emplace_back(path_of(host::kTun), "rwm");
    if (have.device_fuse) allowed.emplace_back(path_of(host::kFuse), "rwm");
    for (const host::BoundDevice& device : bound)
        allowed.emplace_back(device.path, device.read_only ? "r" : "rw");
    return {kAllow, allowed};
}

Result<DevicePlan> plan_devices(const settings::Settings& wanted, const host::HostFacts& have,
                                const host::RootFacts& root, const DeviceContext& context) {
    const auto& properties = wanted.resources.properties.value;
    const Wishes wishes =
            BOX_TRY(read_wishes(properties, default_devices(have, root.bound_devices)));
    if (context.contained && root.bound_devices.empty() &&
        std::ranges::none_of(properties, is_about_devices)) {
        return DevicePlan();
    }
    if (context.cgroup.kind == Kind::none || !have.cgroup.device_programs) {
        return go_without(properties, context.cgroup);
    }
    DevicePlan plan;
    plan.restricted = true;
    allow_plain(plan.rules, have, wishes.strict);
    std::vector<std::string> missing;
    for (const auto& [name, access] : wishes.allowed) {
        const std::vector<DeviceNumber> numbers = resolve(name, root);
        for (const DeviceNumber& number : numbers)
            allow_device(plan.rules, number, access);
        if (numbers.empty()) missing.push_back(printable(name));
    }
    if (!missing.empty()) plan.note = "DeviceAllow=: not on this host: " + join(missing, ", ");
    const bool can_ask = have.services.bus || have.services.manager;
    if (context.cgroup.kind == Kind::unit && have.cgroup.systemd && can_ask) {
        plan.unit = os::split_path(context.cgroup.machine_dir).second;
    }
    return plan;
}

std::string describe(const DeviceRule& rule) {
    const auto& minor_number = rule.device.minor_number;
    return format("%s %u:%s %s", rule.device.block ? "block" : "char", rule.device.major_number,
                  minor_number ? std::to_string(*minor_number).c_str() : "*", rule.access.c_str());
}

std::string describe(const DevicePlan& plan) {
    std::vector<std::string> rules;
    for (const DeviceRule& rule : plan.rules)
        rules.push_back(describe(rule));
    return join(rules, ", ") +
           (plan.unit.empty() ? "" : ", what DeviceAllow= of " + plan.unit + " names") +
           "; others are denied and counted";
}

}  // namespace boxctl::cgroup
