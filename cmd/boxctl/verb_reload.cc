// SPDX-License-Identifier: LGPL-2.1-or-later
// reload: the supervisor of a box executes the program anew that it was started from.
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/shell/wait.h"
#include "lib/supervise/machine.h"

namespace boxctl::cmd {
namespace {

constexpr uint64_t kPatience = 30 * event::kSecond;

/// The record once the supervisor has answered.
Result<state::Record> wait_for_answer(const state::Record& before) {
    state::Record now;
    const bool answered = BOX_TRY(
            shell::wait_for_change(before.name, kPatience, [&](os::UniqueFd&) -> Result<bool> {
                now = BOX_TRY(find_running(before.name));
                return now.reloads != before.reloads;
            }));
    if (answered) return now;
    return Error(ETIME,
                 "reload machine " + quote(before.name) + ": its supervisor does not answer");
}

Result<void> reload(const std::string& name) {
    const state::Record before = BOX_TRY(find_running(name));
    const os::UniqueFd supervisor = BOX_TRY(state::open_process(before.supervisor));
    BOX_TRY(os::send_signal(supervisor, supervise::kReload));
    const state::Record after = BOX_TRY(wait_for_answer(before));
    if (after.reload_failure.empty()) return {};
    Error error("reload machine " + quote(name) + ": " + after.reload_failure);
    error.set_hint("it runs on as before");
    return error;
}

}  // namespace

int verb_reload(const Invocation& invocation) {
    const auto done = reload(invocation.words.front());
    return done ? 0 : fail(done.error());
}

}  // namespace boxctl::cmd
