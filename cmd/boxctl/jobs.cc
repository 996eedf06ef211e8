// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/jobs.h"

#include <algorithm>

#include <signal.h>

#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/shell/wait.h"
#include "lib/state/control.h"
#include "lib/state/jobs.h"

namespace boxctl::cmd {
namespace {

/// A process that is stuck in the kernel is not waited for longer.
constexpr uint64_t kPatience = 5 * event::kSecond;

Result<void> ask_to_signal(const state::Record& record, uint32_t job, int signal) {
    BOX_TRY(state::ask_supervisor(record.name,
                                  {{"ask", "signal"}, {"job", job}, {"signal", signal}}));
    return {};
}

/// True as well when PID 1 has ended, and with it all that was in the box.
Result<bool> wait_for_job(const state::Record& record, uint32_t job, uint64_t timeout) {
    return shell::wait_for_change(record.name, timeout, [&](os::UniqueFd& until) -> Result<bool> {
        auto leader = state::open_process(record.leader);
        if (!leader && leader.error().code() == ESRCH) return true;
        if (!leader) return std::move(leader).error();
        until = std::move(leader).value();
        const auto jobs = BOX_TRY(state::read_jobs(record));
        return std::none_of(jobs.begin(), jobs.end(),
                            [&](const state::Job& listed) { return listed.number == job; });
    });
}

}  // namespace

Result<std::optional<uint32_t>> read_job(const Invocation& invocation) {
    const auto given = invocation.value("job");
    if (!given) return std::optional<uint32_t>();
    const auto number = parse_u32(*given);
    if (!number) return Error("--job=" + printable(*given) + " is no number of a job");
    return number;
}

Result<void> signal_job(const state::Record& record, uint32_t job, int signal) {
    BOX_TRY(ask_to_signal(record, job, signal));
    if (signal != SIGKILL || BOX_TRY(wait_for_job(record, job, kPatience))) return {};
    return Error(ETIME, format("kill job %u of machine '%s'", job, record.name.c_str()));
}

Result<void> stop_job(const state::Record& record, uint32_t job, uint64_t timeout, bool wait) {
    BOX_TRY(ask_to_signal(record, job, SIGTERM));
    if (!wait || BOX_TRY(wait_for_job(record, job, timeout))) return {};
    const auto killed = signal_job(record, job, SIGKILL);
    // It may have ended just before it was to be killed.
    if (killed || BOX_TRY(wait_for_job(record, job, 0))) return {};
    return killed.error();
}

}  // namespace boxctl::cmd
