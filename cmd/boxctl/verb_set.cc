// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/cgroup/change.h"
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

Result<void> set(const Invocation& invocation) {
    const auto properties = BOX_TRY(read_properties(invocation.words));
    const state::Record record = BOX_TRY(find_running(invocation.words.front()));
    BOX_TRY(shell::open_cgroup(record));
    const std::string unit = unit_of(record);
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
