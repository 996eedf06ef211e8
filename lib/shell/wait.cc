// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/wait.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/state/record.h"

namespace boxctl::shell {
namespace {

uint64_t deadline_of(uint64_t timeout) {
    return timeout == event::kNever ? event::kNever : event::now_us() + timeout;
}

/// For either of two (-1: none). False when the deadline has passed. An interruption counts as
/// ready: the caller looks again.
Result<bool> wait_readable(os::BorrowedFd fd, os::BorrowedFd other, uint64_t deadline) {
    const uint64_t now = event::now_us();
    const uint64_t left = deadline > now ? deadline - now : 0;
    const timespec wait = {static_cast<time_t>(left / event::kSecond),
                           static_cast<long>(left % event::kSecond * 1000)};
    pollfd ready[2] = {{fd.get(), POLLIN, 0}, {other.get(), POLLIN, 0}};
    const int count = ppoll(ready, 2, deadline == event::kNever ? nullptr : &wait, nullptr);
    if (count < 0 && errno != EINTR) return errno_error("wait");
    return count != 0;
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

Result<void> take_events(os::BorrowedFd notify) {
    alignas(inotify_event) char events[4096];
    if (read(notify.get(), events, sizeof events) < 0 && errno != EAGAIN && errno != EINTR) {
        return errno_error("watch a machine");
    }
    return {};
}

}  // namespace

Result<bool> wait_for_end(os::BorrowedFd pidfd, uint64_t timeout) {
    const uint64_t deadline = deadline_of(timeout);
    const os::BorrowedFd none(-1);
    for (;;) {
        if (!BOX_TRY(wait_readable(pidfd, none, deadline))) return false;
        // Once more without waiting, as an interruption looks the same.
        if (BOX_TRY(wait_readable(pidfd, none, 0))) return true;
    }
}

Result<bool> wait_for_change(const std::string& name, uint64_t timeout,
                             const std::function<Result<bool>(os::UniqueFd& until)>& happened) {
    const uint64_t deadline = deadline_of(timeout);
    BOX_TRY(state::make_directories());
    const os::UniqueFd notify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!notify.valid()) return errno_error("watch " + quote(state::kDirectory));
    os::UniqueFd until;
    for (;;) {
        BOX_TRY(watch(notify, name));
        if (BOX_TRY(happened(until))) return true;
        if (!BOX_TRY(wait_readable(notify, until, deadline))) return false;
        BOX_TRY(take_events(notify));
    }
}

}  // namespace boxctl::shell
