// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/shell/wait.h"

namespace boxctl::cmd {
namespace {

/// True when it happened, false after `timeout`.
Result<bool> wait_until_stopped(const std::string& name, uint64_t timeout) {
    const Machine machine = BOX_TRY(look_up(name));
    if (machine.life == Life::unknown) return unknown_machine(name);
    if (machine.life == Life::dead) return true;
    const state::Record record = BOX_TRY(find_running(name));
    const auto supervisor = state::open_process(record.supervisor);
    if (!supervisor && supervisor.error().code() == ESRCH) return true;
    if (!supervisor) return supervisor.error();
    return shell::wait_for_end(*supervisor, timeout);
}

Result<bool> wait_until_running(const std::string& name, uint64_t timeout) {
    return shell::wait_for_change(name, timeout, [&](os::UniqueFd&) -> Result<bool> {
        return BOX_TRY(look_up(name)).life == Life::running;
    });
}

/// One that is not there yet may still come; one that was there and is gone will not be ready.
Result<bool> wait_until_ready(const std::string& name, uint64_t timeout) {
    return shell::wait_for_change(name, timeout, [&](os::UniqueFd& until) -> Result<bool> {
        const Machine machine = BOX_TRY(look_up(name));
        const bool running = machine.life == Life::running;
        if (running && machine.record->ready && machine.record->phase == "running") return true;
        if (until.valid()) {
            if (!BOX_TRY(shell::wait_for_end(until, 0))) return false;
            return Error("machine " + quote(name) + " ended before it was ready");
        }
        if (!running) return false;
        auto supervisor = state::open_process(machine.record->supervisor);
        if (supervisor) {
            until = std::move(supervisor).value();
        } else if (supervisor.error().code() != ESRCH) {
            return supervisor.error();
        }
        return false;
    });
}

Result<bool> wait_as_asked(const Invocation& invocation) {
    const std::string& name = invocation.words.front();
    uint64_t timeout = event::kNever;
    if (const auto given = invocation.value("timeout")) {
        timeout = BOX_TRY(parse_seconds("timeout", *given));
    }
    const std::string_view what = invocation.value("for").value_or("stopped");
    if (what == "running") return wait_until_running(name, timeout);
    if (what == "ready") return wait_until_ready(name, timeout);
    if (what == "stopped") return wait_until_stopped(name, timeout);
    return Error("--for=" + printable(what) + " is not running, ready or stopped");
}

}  // namespace

int verb_wait(const Invocation& invocation) {
    const auto happened = wait_as_asked(invocation);
    if (!happened) return fail(happened.error());
    return *happened ? 0 : kTimedOut;
}

}  // namespace boxctl::cmd
