// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/cgroup/change.h"
#include "lib/cgroup/devices.h"
#include "lib/os/file.h"
#include "lib/settings/values.h"
#include "lib/shell/inspect.h"

namespace boxctl::cmd {
namespace {

Result<std::vector<settings::Assignment>> read_properties(const std::vector<std::string>& words) {
    std::vector<settings::Assignment> properties;
    for (auto word = words.begin() + 1; word != words.end(); ++word)
        properties.push_back(BOX_TRY(settings::to_property(*word)));
    for (const settings::Assignment& property : properties) {
        if (!property.value.empty()) continue;
        Error error("set " + property.name + ": no value");
        error.set_hint("'infinity' takes a limit away");
        return error;
    }
    return properties;
}

/// The unit whose limits the box has: its scope, or the unit that boxctl was started in and that it
/// keeps. Empty where the cgroup is of boxctl's own making.
std::string unit_of(const state::Record& record) {
    if (!record.unit.empty()) return record.unit;
    const std::string name = os::split_path(record.cgroup).second;
    return name.ends_with(".service") || name.ends_with(".scope") ? name : "";
}

/// systemd decides on devices by a program of its own, beside ours: what is new has to be allowed
/// by both.
Result<void> set_devices(const state::Record& record, os::BorrowedFd cgroup,
                         const std::vector<settings::Assignment>& properties) {
    const auto asked = std::ranges::find_if(properties, cgroup::is_about_devices);
    if (asked == properties.end()) return {};
    const bool ours_alone = unit_of(record).empty();
    if (ours_alone &&
        std::ranges::count(properties, "DevicePolicy", &settings::Assignment::name) != 0) {
        return Error("set DevicePolicy: that is decided when a box starts");
    }
    if (record.devices_restricted) return cgroup::allow_devices(cgroup, properties);
    if (!ours_alone) return {};
    Error error("set " + asked->name + ": this box can open no device");
    error.set_hint(
            "only one that starts with a device bound into it, or with such a property, can");
    return error;
}

Result<void> set(const Invocation& invocation) {
    const auto properties = BOX_TRY(read_properties(invocation.words));
    const state::Record record = BOX_TRY(find_running(invocation.words.front()));
    const os::UniqueFd cgroup = BOX_TRY(shell::open_cgroup(record));
    const std::string unit = unit_of(record);
    BOX_TRY(set_devices(record, cgroup, properties));
    if (!unit.empty()) {
        return cgroup::change_unit(
                unit, properties,
                invocation.has("runtime") ? cgroup::Until::reboot : cgroup::Until::changed);
    }
    return cgroup::change_limits(record.cgroup, properties);
}

}  // namespace

int verb_set(const Invocation& invocation) {
    const auto done = set(invocation);
    return done ? 0 : fail(done.error());
}

}  // namespace boxctl::cmd
