// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/apply.h"

#include <algorithm>

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/cgroup/scope.h"
#include "lib/cgroup/tree.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

using Kind = CgroupPlan::Kind;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr int kAttempts = 16;
constexpr int kLeftOverWait = 1000;  // ms

bool lists(const std::string& text, const std::string& word) {
    const auto words = split(trim(text), ' ');
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Removes what a former box of this name left, once nothing lives in it.
Result<void> clear_left_over(const std::string& dir) {
    auto left = os::open_host(dir, kDirectory);
    if (!left && left.error().code() == ENOENT) return {};
    if (!left) return std::move(left).error();
    const os::UniqueFd events = BOX_TRY(open_events(*left));
    auto emptied = wait_empty(events, kLeftOverWait);
    if (emptied) return remove(dir);
    if (emptied.error().code() != ETIME) return emptied;
    return Error(EBUSY, "make cgroup " + quote(dir) + ": processes live in it");
}

/// mkdir of `path`, whose last component must be new. The folder above it is made when missing and
/// may vanish between the two calls, when the last box of another boxctl ends.
Result<void> make_new(const std::string& path, bool with_folder) {
    for (int attempt = 0; attempt < kAttempts; attempt++) {
        if (mkdir(path.c_str(), 0755) == 0) return {};
        if (errno == EEXIST) {
            BOX_TRY(clear_left_over(path));
        } else if (errno == ENOENT && with_folder) {
            const std::string folder = os::split_path(path).first;
            if (mkdir(folder.c_str(), 0755) < 0 && errno != EEXIST) {
                return errno_error("make cgroup " + quote(folder));
            }
        } else {
            return errno_error("make cgroup " + quote(path));
        }
    }
    return Error(EAGAIN, "make cgroup " + quote(path));
}

Result<Cgroup> fill_own(const CgroupPlan& plan) {
    const std::string folder = os::split_path(plan.machine_dir).first;
    BOX_TRY(enable_controllers(os::split_path(folder).first, plan.controllers));
    BOX_TRY(enable_controllers(folder, plan.controllers));
    Cgroup made;
    made.kind = plan.kind;
    made.machine_dir = plan.machine_dir;
    made.box_dir = plan.machine_dir;
    made.machine = BOX_TRY(os::open_host(plan.machine_dir, kDirectory));
    BOX_TRY(set_bounds(made.machine));
    for (const auto& [file, value] : plan.writes) {
        BOX_TRY(os::write_file_at(made.machine, file, value).context("limit the box"));
    }
    made.payload = BOX_TRY(make_child(made.machine, "payload"));
    return made;
}

Result<Cgroup> fill_unit(const CgroupPlan& plan) {
    Cgroup made;
    made.kind = plan.kind;
    made.machine_dir = plan.machine_dir;
    made.box_dir = plan.machine_dir + "/payload";
    made.machine = BOX_TRY(os::open_host(plan.machine_dir, kDirectory));
    made.payload = BOX_TRY(os::open_host(made.box_dir, kDirectory));
    BOX_TRY(set_bounds(made.payload));
    // Controllers can be handed on by a cgroup that holds no process itself.
    BOX_TRY(enter(BOX_TRY(make_child(made.machine, "supervisor"))));
    auto enabled = enable_all_controllers(plan.machine_dir);
    // Others may live in the unit, on whom its manager decides: the box then has no controllers.
    if (!enabled && enabled.error().code() != EBUSY) return std::move(enabled).error();
    return made;
}

Result<void> write_one(os::BorrowedFd dir, const char* file, const char* value) {
    return os::write_file_at(dir, file, value);
}

uint64_t now_ms() {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

}  // namespace

Result<os::UniqueFd> make_child(os::BorrowedFd parent, const std::string& name) {
    if (mkdirat(parent.get(), name.c_str(), 0755) < 0 && errno != EEXIST) {
        return errno_error("make cgroup " + quote(name));
    }
    return os::open_in(parent, name, kDirectory, os::Follow::no_symlinks);
}

Result<void> set_bounds(os::BorrowedFd dir) {
    BOX_TRY(os::write_file_at(dir, "cgroup.max.descendants", std::to_string(kMaxDescendants)));
    return os::write_file_at(dir, "cgroup.max.depth", std::to_string(kMaxDepth));
}

Result<void> enable_controllers(const std::string& path,
                                const std::vector<std::string>& controllers) {
    if (controllers.empty()) return {};
    const std::string file = path + "/cgroup.subtree_control";
    const std::string enabled = BOX_TRY(os::read_file(file, 4096));
    std::string change;
    for (const std::string& controller : controllers) {
        if (!lists(enabled, controller)) change += (change.empty() ? "+" : " +") + controller;
    }
    if (change.empty()) return {};
    auto written = os::write_file(file, change);
    if (!written && written.error().code() == EBUSY) {
        written.error().set_hint("move the processes of that cgroup into one below it");
    }
    return std::move(written).context("enable " + change);
}

Result<void> enable_all_controllers(const std::string& path) {
    std::vector<std::string> all =
            split(trim(BOX_TRY(os::read_file(path + "/cgroup.controllers", 4096))), ' ');
    std::erase(all, "");
    return enable_controllers(path, all);
}

Result<Cgroup> make(const CgroupPlan& plan) {
    if (plan.kind == Kind::none || plan.kind == Kind::scope) return Cgroup();
    const bool own = plan.kind == Kind::own;
    const std::string dir = own ? plan.machine_dir : plan.machine_dir + "/payload";
    auto placed = make_new(dir, own);
    if (!placed) {
        // The folder goes if we made it for nothing; with other boxes in it the kernel refuses.
        if (own) (void)rmdir(os::split_path(dir).first.c_str());
        return std::move(placed).error();
    }
    ScopeGuard undo([&] { (void)remove(dir); });
    Cgroup made = BOX_TRY(own ? fill_own(plan) : fill_unit(plan));
    undo.dismiss();
    return made;
}

Result<void> end(const Cgroup& cgroup) {
    // What was moved from still has its kind.
    if (cgroup.machine_dir.empty()) return {};
    switch (cgroup.kind) {
        case Kind::none:
            return {};
        case Kind::own:
        case Kind::unit:
            return remove(cgroup.box_dir);
        case Kind::scope:
            return clear_scope(cgroup.machine_dir, kSupervisorLeaf);
    }
    return {};
}

Result<void> delegate(const Cgroup& cgroup, uid_t box_root) {
    constexpr struct {
        const char* name;
        bool optional;  ///< there only with its controller, or on a newer kernel
    } kFiles[] = {{"cgroup.procs", false},
                  {"cgroup.threads", false},
                  {"cgroup.subtree_control", false},
                  {"memory.oom.group", true},
                  {"memory.reclaim", true}};
    // The mode as well: the caller's umask must not decide what users of the box can read.
    if (fchown(cgroup.payload.get(), box_root, box_root) < 0 ||
        fchmod(cgroup.payload.get(), 0755) < 0) {
        return errno_error("delegate " + quote(cgroup.machine_dir + "/payload"));
    }
    for (const auto& file : kFiles) {
        const int done =
                fchownat(cgroup.payload.get(), file.name, box_root, box_root, AT_SYMLINK_NOFOLLOW);
        if (done == 0 || (file.optional && errno == ENOENT)) continue;
        return errno_error("delegate " + quote(cgroup.machine_dir + "/payload/" + file.name));
    }
    return {};
}

Result<void> enter(os::BorrowedFd dir) {
    return write_one(dir, "cgroup.procs", "0").context("enter a cgroup");
}

Result<void> kill_all(os::BorrowedFd dir) {
    auto killed = write_one(dir, "cgroup.kill", "1");
    if (!killed && killed.error().code() == ENOENT) {
        return Error("kill a cgroup: needs Linux 5.14 or newer");
    }
    return std::move(killed).context("kill a cgroup");
}

Result<void> freeze(os::BorrowedFd dir) {
    return write_one(dir, "cgroup.freeze", "1");
}
Result<void> thaw(os::BorrowedFd dir) {
    return write_one(dir, "cgroup.freeze", "0");
}

Result<os::UniqueFd> open_events(os::BorrowedFd dir) {
    return os::open_in(dir, "cgroup.events", O_RDONLY, os::Follow::no_symlinks);
}

Result<bool> populated(os::BorrowedFd events) {
    char buffer[256];
    const ssize_t got = pread(events.get(), buffer, sizeof buffer, 0);
    // A cgroup that was removed under our descriptor is as empty as can be.
    if (got < 0 && errno == ENODEV) return false;
    if (got < 0) return errno_error("read 'cgroup.events'");
    const std::string_view text(buffer, static_cast<size_t>(got));
    for (const std::string& line : split(text, '\n')) {
        if (line == "populated 1") return true;
        if (line == "populated 0") return false;
    }
    return Error(EBADMSG, "read 'cgroup.events'");
}

Result<void> wait_empty(os::BorrowedFd events, int milliseconds) {
    const uint64_t deadline = now_ms() + static_cast<uint64_t>(milliseconds);
    // The read also arms the poll: the kernel reports changes since the last read.
    while (BOX_TRY(populated(events))) {
        const uint64_t now = now_ms();
        if (now >= deadline) return Error(ETIME, "wait for a cgroup to empty");
        pollfd waited = {events.get(), POLLPRI, 0};
        if (poll(&waited, 1, static_cast<int>(deadline - now)) < 0 && errno != EINTR) {
            return errno_error("wait for a cgroup to empty");
        }
    }
    return {};
}

Result<Leaf> make_leaf(os::BorrowedFd machine, const std::string& prefix) {
    for (int attempt = 0; attempt < kAttempts; attempt++) {
        uint32_t random = 0;
        if (getrandom(&random, sizeof random, 0) != sizeof random) return errno_error("getrandom");
        Leaf leaf;
        leaf.name = prefix + format("-%08x", random);
        if (mkdirat(machine.get(), leaf.name.c_str(), 0755) == 0) {
            leaf.dir =
                    BOX_TRY(os::open_in(machine, leaf.name, kDirectory, os::Follow::no_symlinks));
            return leaf;
        }
        if (errno != EEXIST) return errno_error("make cgroup " + quote(leaf.name));
    }
    return Error(EEXIST, "make cgroup " + quote(prefix));
}

Result<bool> remove_leaf(os::BorrowedFd machine, const std::string& name) {
    if (unlinkat(machine.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    if (errno == EBUSY) return false;
    return errno_error("remove cgroup " + quote(name));
}

}  // namespace boxctl::cgroup
