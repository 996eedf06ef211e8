// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>

#include "cmd/boxctl/jobs.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/settings/values.h"
#include "lib/shell/wait.h"

namespace boxctl::cmd {
namespace {

/// With PID 1 the kernel ends every process of the box; its supervisor then cleans up.
Result<void> kill_machine(const state::Record& record, int signal) {
    const os::UniqueFd leader = BOX_TRY(state::open_process(record.leader));
    const os::UniqueFd supervisor = BOX_TRY(state::open_process(record.supervisor));
    BOX_TRY(os::send_signal(leader, signal));
    if (signal == SIGKILL) BOX_TRY(shell::wait_for_end(supervisor, event::kNever));
    return {};
}

}  // namespace

int verb_kill(const Invocation& invocation) {
    int signal = SIGKILL;
    if (const auto given = invocation.value("signal")) {
        const auto parsed = settings::to_signal(*given);
        if (!parsed) return fail(parsed.error());
        signal = *parsed;
    }
    const auto record = find_running(invocation.words.front());
    if (!record) return fail(record.error());
    const auto job = read_job(invocation);
    if (!job) return fail(job.error());
    const auto killed = *job ? signal_job(*record, **job, signal) : kill_machine(*record, signal);
    return killed ? 0 : fail(killed.error());
}

}  // namespace boxctl::cmd
