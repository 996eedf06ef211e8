// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/change.h"

#include <fcntl.h>
#include <poll.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/bus/systemd1.h"
#include "lib/bus/unit_properties.h"
#include "lib/cgroup/apply.h"
#include "lib/cgroup/plan.h"
#include "lib/cgroup/properties.h"
#include "lib/cgroup/scope.h"
#include "lib/cgroup/tree.h"
#include "lib/event/loop.h"
#include "lib/host/probe.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

constexpr uint64_t kFreezeTime = 5 * event::kSecond;

/// The cgroups that the box's processes are in. One that vanishes meanwhile is none.
Result<std::vector<os::UniqueFd>> parts_of(os::BorrowedFd machine) {
    std::vector<os::UniqueFd> parts;
    for (const std::string& name : BOX_TRY(list_children(machine))) {
        if (name == kSupervisorLeaf) continue;
        auto part = os::open_in(machine, name, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
        if (part) parts.push_back(std::move(*part));
    }
    return parts;
}

Result<bool> stands_still(os::BorrowedFd events) {
    char buffer[256];
    const ssize_t got = pread(events.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == ENODEV) return true;
    if (got < 0) return errno_error("read 'cgroup.events'");
    const std::string_view text(buffer, static_cast<size_t>(got));
    return text.find("frozen 1") != std::string_view::npos;
}

Result<void> wait_frozen(os::BorrowedFd part, uint64_t deadline) {
    const os::UniqueFd events = BOX_TRY(open_events(part));
    // The read also arms the poll: the kernel reports changes since the last read.
    while (!BOX_TRY(stands_still(events))) {
        const uint64_t now = event::now_us();
        if (now >= deadline) return Error(ETIME, "wait until the box stands still");
        pollfd waited = {events.get(), POLLPRI, 0};
        if (poll(&waited, 1, static_cast<int>((deadline - now) / 1000 + 1)) < 0 && errno != EINTR) {
            return errno_error("wait until the box stands still");
        }
    }
    return {};
}

/// The write found nothing to write to, or nobody in it.
bool is_gone(const Result<void>& done) {
    return !done && (done.error().code() == ENODEV || done.error().code() == ENOENT);
}

}  // namespace

Result<void> begin_freeze(os::BorrowedFd machine) {
    // Half a box that stands still is worse than one that runs.
    ScopeGuard undo([&] { (void)thaw_box(machine).has_value(); });
    for (const os::UniqueFd& part : BOX_TRY(parts_of(machine))) {
        auto frozen = freeze(part);
        if (!frozen && !is_gone(frozen)) return frozen;
    }
    undo.dismiss();
    return {};
}

Result<void> freeze_box(os::BorrowedFd machine) {
    const std::vector<os::UniqueFd> parts = BOX_TRY(parts_of(machine));
    BOX_TRY(begin_freeze(machine));
    ScopeGuard undo([&] { (void)thaw_box(machine).has_value(); });
    const uint64_t deadline = event::now_us() + kFreezeTime;
    for (const os::UniqueFd& part : parts)
        BOX_TRY(wait_frozen(part, deadline));
    undo.dismiss();
    return {};
}

Result<void> thaw_box(os::BorrowedFd machine) {
    for (const os::UniqueFd& part : BOX_TRY(parts_of(machine))) {
        auto thawed = thaw(part);
        if (!thawed && !is_gone(thawed)) return thawed;
    }
    return {};
}

Result<void> change_limits(const std::string& machine_dir,
                           const std::vector<settings::Assignment>& properties) {
    const std::vector<Limit> limits = BOX_TRY(limits_of(properties));
    BOX_TRY(check_controllers(limits, host::probe_cgroup()));
    std::vector<std::string> controllers;
    controllers.reserve(limits.size());
    for (const Limit& limit : limits)
        controllers.push_back(limit.controller);
    const std::string folder = os::split_path(machine_dir).first;
    BOX_TRY(enable_controllers(os::split_path(folder).first, controllers));
    BOX_TRY(enable_controllers(folder, controllers));
    const os::UniqueFd machine =
            BOX_TRY(os::open_host(machine_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    for (const Limit& limit : limits) {
        BOX_TRY(os::write_file_at(machine, limit.file, limit.value)
                        .context("set " + printable(limit.property)));
    }
    return {};
}

Result<void> change_unit(const std::string& unit,
                         const std::vector<settings::Assignment>& properties, Until until) {
    std::vector<bus::Property> parsed;
    for (const settings::Assignment& wanted : properties)
        BOX_TRY(bus::assign_property(parsed, wanted.name, wanted.value));
    const auto connection = BOX_TRY(bus::reach_systemd(true, true).context("reach systemd"));
    return bus::set_unit_properties(*connection, unit, parsed, until == Until::reboot);
}

}  // namespace boxctl::cgroup
