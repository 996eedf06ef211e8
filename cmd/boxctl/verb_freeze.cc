// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/cgroup/change.h"
#include "lib/shell/inspect.h"

namespace boxctl::cmd {
namespace {

int act_on(const Invocation& invocation, Result<void> (*act)(os::BorrowedFd)) {
    const auto record = find_running(invocation.words.front());
    if (!record) return fail(record.error());
    const auto machine = shell::open_cgroup(*record);
    if (!machine) return fail(machine.error());
    auto done =
            act(*machine).context(std::string(invocation.verb.name) + " '" + record->name + "'");
    return done ? 0 : fail(done.error());
}

}  // namespace

int verb_freeze(const Invocation& invocation) {
    return act_on(invocation, cgroup::freeze_box);
}

int verb_thaw(const Invocation& invocation) {
    return act_on(invocation, cgroup::thaw_box);
}

}  // namespace boxctl::cmd
