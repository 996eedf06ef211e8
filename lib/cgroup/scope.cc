// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/scope.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <poll.h>

#include "lib/base/text.h"
#include "lib/bus/systemd1.h"
#include "lib/cgroup/tree.h"
#include "lib/host/probe.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr int kLeftOverWait = 1000;                 // ms
constexpr int kAttempts = 3;                        // at a name that somebody else has
constexpr uint64_t kAbsence = 20 * event::kSecond;  // of a systemd that executes itself anew
constexpr int kPause = 50;                          // ms, before it is asked again

/// Nobody has answered, or nobody was there to: not a refusal.
bool went_away(const Error& error) {
    static constexpr std::array kCodes = {ETIMEDOUT,    ECONNRESET, ENOTCONN,     ESHUTDOWN, EPIPE,
                                          EHOSTUNREACH, ENXIO,      ECONNREFUSED, ENOENT};
    return std::ranges::find(kCodes, error.code()) != kCodes.end();
}

Result<std::unique_ptr<bus::Connection>> connect_again(const ScopePlan& plan, uint64_t deadline) {
    for (;;) {
        poll(nullptr, 0, kPause);
        auto connection = bus::reach_systemd(plan.bus, plan.manager);
        if (connection || event::now_us() >= deadline) return connection;
        if (!went_away(connection.error())) return connection;
    }
}

Error taken(const std::string& unit) {
    Error error("there is a unit " + quote(unit) + " already, and processes live in it");
    error.set_hint("see: systemctl status '" + unit + "'");
    return error;
}

/// Of a box that was killed a moment ago systemd may not know yet that its scope is empty.
Result<void> end_stale(bus::Connection& connection, const std::string& unit,
                       const std::string& mount) {
    const auto path = bus::cgroup_of(connection, unit);
    if (!path && path.error().code() == ENOENT) return {};
    if (!path) return path.error();
    const auto dir = os::open_host(mount + *path, kDirectory);
    if (!path->empty() && dir) {
        const os::UniqueFd events = BOX_TRY(open_events(*dir));
        auto emptied = wait_empty(events, kLeftOverWait);
        if (!emptied && emptied.error().code() == ETIME) return taken(unit);
        if (!emptied) return emptied;
    }
    auto stopped = bus::stop_unit(connection, unit);
    if (!stopped && stopped.error().code() != ENOENT) return stopped;
    return {};
}

/// The directory of the cgroup that a process is in.
Result<std::string> directory_of(const std::string& mount, const std::string& process) {
    const std::string path =
            host::own_cgroup(BOX_TRY(os::read_file("/proc/" + process + "/cgroup")));
    if (path.empty()) return Error("process " + process + " is in no cgroup of version 2");
    return mount + path;
}

}  // namespace

Result<void> start_scope(const ScopePlan& plan, const std::string& mount, pid_t first,
                         os::BorrowedFd pidfd) {
    const auto started = [&] {
        const auto dir = directory_of(mount, std::to_string(first));
        return dir && dir->ends_with("/" + plan.unit);
    };
    const bus::ScopeRequest request = {plan.unit, plan.properties, plan.newer,
                                       first,     pidfd,           started};
    const uint64_t deadline = event::now_us() + kAbsence;
    auto connection = BOX_TRY(bus::reach_systemd(plan.bus, plan.manager).context("reach systemd"));
    int attempts = 0;
    for (;;) {
        auto done = bus::start_scope(*connection, request);
        // Whatever became of the answer.
        if (done || started()) return {};
        if (done.error().code() == EEXIST && ++attempts < kAttempts) {
            done = end_stale(*connection, plan.unit, mount);
            if (done) continue;
        }
        if (!went_away(done.error()) || event::now_us() >= deadline) return done;
        connection = BOX_TRY(connect_again(plan, deadline).context("reach systemd"));
    }
}

Result<Cgroup> fill_scope(const std::string& mount, const std::string& unit, pid_t first) {
    Cgroup made;
    made.kind = CgroupPlan::Kind::scope;
    made.machine_dir = BOX_TRY(directory_of(mount, std::to_string(first)));
    if (!made.machine_dir.ends_with("/" + unit)) {
        return Error("systemd put the box into " + quote(made.machine_dir));
    }
    made.machine = BOX_TRY(os::open_host(made.machine_dir, kDirectory));
    const os::UniqueFd supervisor = BOX_TRY(make_child(made.machine, kSupervisorLeaf));
    BOX_TRY(os::write_file_at(supervisor, "cgroup.procs", std::to_string(first)));
    BOX_TRY(enable_all_controllers(made.machine_dir));
    made.payload = BOX_TRY(make_child(made.machine, "payload"));
    BOX_TRY(set_bounds(made.payload));
    return made;
}

Result<void> clear_scope(const std::string& dir, const std::string& kept) {
    const auto machine = os::open_host(dir, kDirectory);
    // systemd removes the directory when the last process has left.
    if (!machine && machine.error().code() == ENOENT) return {};
    if (!machine) return machine.error();
    Result<void> first;
    for (const std::string& name : BOX_TRY(list_children(*machine))) {
        if (name == kept) continue;
        auto removed = remove_child(*machine, name);
        if (!removed && first)
            first = std::move(removed).context("remove " + quote(dir + "/" + name));
    }
    return first;
}

Result<void> clear_own_scope(const std::string& mount, const std::string& unit) {
    const std::string own = BOX_TRY(directory_of(mount, "self"));
    const std::string leaf = std::string("/") + kSupervisorLeaf;
    if (!own.ends_with("/" + unit + leaf)) return {};  // it was not there yet
    return clear_scope(own.substr(0, own.size() - leaf.size()), kSupervisorLeaf);
}

}  // namespace boxctl::cgroup
