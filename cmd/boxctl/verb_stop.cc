// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>

#include "cmd/boxctl/jobs.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/shell/wait.h"

namespace boxctl::cmd {
namespace {

constexpr uint64_t kJobTimeout = 10 * event::kSecond;  ///< unless --timeout= says otherwise

/// Nothing to do when it has ended meanwhile.
Result<void> send(os::BorrowedFd process, int signal) {
    auto sent = os::send_signal(process, signal);
    if (!sent && sent.error().code() == ESRCH) return {};
    return sent;
}

/// The supervisor asks the init, and kills the box when its own stop timeout has passed. Asked a
/// second time it kills at once.
Result<void> stop(const state::Record& record, uint64_t timeout, bool wait) {
    auto supervisor = state::open_process(record.supervisor);
    if (!supervisor && supervisor.error().code() == ESRCH) return {};
    if (!supervisor) return std::move(supervisor).error();
    BOX_TRY(send(*supervisor, SIGTERM));
    if (!wait) return {};
    if (BOX_TRY(shell::wait_for_end(*supervisor, timeout))) return {};
    BOX_TRY(send(*supervisor, SIGTERM));
    BOX_TRY(shell::wait_for_end(*supervisor, event::kNever));
    return {};
}

}  // namespace

int verb_stop(const Invocation& invocation) {
    const auto record = find_running(invocation.words.front());
    if (!record) return fail(record.error());
    const auto job = read_job(invocation);
    if (!job) return fail(job.error());
    uint64_t timeout = *job ? kJobTimeout : event::kNever;
    if (const auto given = invocation.value("timeout")) {
        const auto parsed = parse_seconds("timeout", *given);
        if (!parsed) return fail(parsed.error());
        timeout = *parsed;
    }
    const bool wait = !invocation.has("no-wait");
    const auto stopped =
            *job ? stop_job(*record, **job, timeout, wait) : stop(*record, timeout, wait);
    return stopped ? 0 : fail(stopped.error());
}

}  // namespace boxctl::cmd
