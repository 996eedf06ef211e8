// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/settings/settings.h"

namespace boxctl::cmd {
namespace {

/// True when it happened, false after `seconds`.
Result<bool> wait_until_stopped(const std::string& name, uint32_t seconds) {
    const Machine machine = BOX_TRY(look_up(name));
    if (machine.life == Life::unknown) return unknown_machine(name);
    if (machine.life == Life::dead) return true;
    const state::Record record = BOX_TRY(find_running(name));
    const auto supervisor = state::open_process(record.supervisor);
    if (!supervisor && supervisor.error().code() == ESRCH) return true;
    if (!supervisor) return supervisor.error();
    return wait_for_end(*supervisor, seconds);
}

/// Watches the directories in which a record appears. Asked for anew after each event: the one of
/// the machine is not there yet, and is made again by each start.
Result<void> watch(os::BorrowedFd notify, const std::string& name) {
    constexpr uint32_t kEvents = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
    const std::string folder = state::kDirectory;
    if (inotify_add_watch(notify.get(), folder.c_str(), kEvents) < 0) {
        return errno_error("watch " + quote(folder));
    }
    const std::string machine = folder + "/" + name;
    if (inotify_add_watch(notify.get(), machine.c_str(), kEvents) < 0 && errno != ENOENT) {
        return errno_error("watch " + quote(machine));
    }
    return {};
}

/// Something happened in a watched directory; false when nothing did before `deadline`.
Result<bool> wait_for_event(os::BorrowedFd notify, uint64_t deadline) {
    const uint64_t now = event::now_us();
    const uint64_t left = deadline > now ? deadline - now : 0;
    const timespec wait = {static_cast<time_t>(left / event::kSecond),
                           static_cast<long>(left % event::kSecond * 1000)};
    pollfd ready = {notify.get(), POLLIN, 0};
    const int count = ppoll(&ready, 1, deadline == event::kNever ? nullptr : &wait, nullptr);
    if (count < 0 && errno != EINTR) return errno_error("wait for a machine");
    if (count <= 0) return count < 0;
    alignas(inotify_event) char events[4096];
    if (read(notify.get(), events, sizeof events) < 0) return errno_error("wait for a machine");
    return true;
}

Result<bool> wait_until_running(const std::string& name, uint32_t seconds) {
    const uint64_t deadline = seconds == settings::kNoTimeout
                                      ? event::kNever
                                      : event::now_us() + uint64_t{seconds} * event::kSecond;
    BOX_TRY(state::make_directories());
    const os::UniqueFd notify(inotify_init1(IN_CLOEXEC));
    if (!notify.valid()) return errno_error("watch " + quote(state::kDirectory));
    for (;;) {
        BOX_TRY(watch(notify, name));
        const Machine machine = BOX_TRY(look_up(name));
        if (machine.life == Life::running) return true;
        if (!BOX_TRY(wait_for_event(notify, deadline))) return false;
    }
}

Result<bool> wait_as_asked(const Invocation& invocation) {
    const std::string& name = invocation.words.front();
    uint32_t seconds = settings::kNoTimeout;
    if (const auto given = invocation.value("timeout")) {
        seconds = BOX_TRY(parse_seconds("timeout", *given));
    }
    const std::string_view what = invocation.value("for").value_or("stopped");
    if (what == "running") return wait_until_running(name, seconds);
    if (what == "stopped") return wait_until_stopped(name, seconds);
    return Error("--for=" + printable(what) + " is neither 'running' nor 'stopped'");
}

}  // namespace

int verb_wait(const Invocation& invocation) {
    const auto happened = wait_as_asked(invocation);
    if (!happened) return fail(happened.error());
    return *happened ? 0 : kTimedOut;
}

}  // namespace boxctl::cmd
