// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/reservation.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/cgroup/scope.h"
#include "lib/net/apply.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"
#include "lib/state/record.h"

namespace boxctl::launch {
namespace {

/// Makes `path` a mount of its own that is shared, so that mounts below it reach the box also on a
/// host whose /run is not (systemd's is).
Result<void> share_directory(const std::string& path) {
    const os::UniqueFd directory = BOX_TRY(os::open_host(path, O_PATH | O_DIRECTORY));
    const os::UniqueFd copy = BOX_TRY(os::clone_mount(directory, "", os::Recursion::one));
    BOX_TRY(os::attach_mount(copy, directory));
    os::MountChange shared;
    shared.propagation = MS_SHARED;
    return os::change_mount(copy, shared, os::Recursion::one);
}

/// Writes into the lock who holds it: after a SIGKILL that is no longer its supervisor, but the
/// watch that clears up behind it.
Result<void> sign(const os::LockFile& lock) {
    const std::string text =
            format("%d %llu", getpid(),
                   static_cast<unsigned long long>(BOX_TRY(os::start_time(getpid()))));
    if (ftruncate(lock.fd().get(), 0) < 0 ||
        pwrite(lock.fd().get(), text.data(), text.size(), 0) < 0) {
        return errno_error("write " + quote(lock.path()));
    }
    return {};
}

/// False also when it has signed nothing yet.
bool signer_is_gone(const std::string& path) {
    const auto text = os::read_file(path, 64);
    if (!text) return false;
    const std::vector<std::string> words = split(*text, ' ');
    const auto pid = parse_u32(words.front());
    const auto started = parse_u64(words.back());
    if (words.size() != 2 || !pid || !started) return false;
    const auto process = state::open_process({static_cast<pid_t>(*pid), *started});
    return !process && process.error().code() == ESRCH;
}

/// Waits for the watch of a killed boxctl, which needs some milliseconds. Asks again and again: in
/// a queue for the lock it would have to wait for the end of whoever got it first.
Result<os::LockFile> lock_name(const std::string& name) {
    constexpr int kPause = 10;       // ms
    constexpr int kPatience = 1000;  // pauses; the watch itself gives up after 5 s (end_process())
    const std::string path = state::name_lock_path(name);
    auto lock = os::LockFile::acquire(path, os::LockKind::exclusive);
    for (int i = 0; i < kPatience; i++) {
        if (lock || lock.error().code() != EWOULDBLOCK || !signer_is_gone(path)) break;
        poll(nullptr, 0, kPause);
        lock = os::LockFile::acquire(path, os::LockKind::exclusive);
    }
    if (lock) BOX_TRY(sign(*lock));
    return lock;
}

void keep_first(Result<void>& first, Result<void> next) {
    if (first && !next) first = std::move(next);
}

}  // namespace

Result<Reservation> Reservation::take(const plan::Plan& plan) {
    Reservation taken;
    BOX_TRY(state::make_directories());
    BOX_TRY(taken.take_locks(plan));
    BOX_TRY(taken.take_directory(plan));
    if (plan.cgroup.kind == cgroup::CgroupPlan::Kind::scope) {
        BOX_TRY(taken.take_scope(plan));
    } else {
        taken.cgroup_ = BOX_TRY(cgroup::make(plan.cgroup));
    }
    return taken;
}

Result<void> Reservation::claim_ids(const plan::Plan& plan) {
    if (has_ids_) return {};
    ids_ = BOX_TRY(userns::claim(plan.ids));
    has_ids_ = true;
    if (plan.cgroup.kind == cgroup::CgroupPlan::Kind::none) return {};
    return cgroup::delegate(cgroup_, ids_.base);
}

/// A scope needs a process to be made around, and one that keeps it while the box reboots. That is
/// the watch, which so begins before the box does. It holds all locks, those on the ids too; what
/// it clears up it finds by where it is.
Result<void> Reservation::take_scope(const plan::Plan& plan) {
    const cgroup::CgroupPlan& wanted = plan.cgroup;
    ids_ = BOX_TRY(userns::claim(plan.ids));
    has_ids_ = true;
    watch_ = BOX_TRY(os::DeathWatch::start("boxctl-watch", held(), [&] {
        // Nobody is left to tell; what stays is found again by its name.
        (void)cgroup::clear_own_scope(wanted.mount, wanted.scope.unit).has_value();
        (void)release().has_value();
    }));
    BOX_TRY(cgroup::start_scope(wanted.scope, wanted.mount, watch_.pid(), watch_.child()));
    cgroup_ = BOX_TRY(cgroup::fill_scope(wanted.mount, wanted.scope.unit, watch_.pid()));
    return cgroup::delegate(cgroup_, ids_.base);
}

Result<void> Reservation::take_locks(const plan::Plan& plan) {
    auto name = lock_name(plan.name);
    if (!name && name.error().code() == EWOULDBLOCK) {
        Error error("a machine named " + quote(plan.name) + " is running already");
        error.set_hint("choose another name with --machine=, or stop it: boxctl stop " + plan.name);
        return error;
    }
    if (!name) return std::move(name).error();
    name_lock_ = std::move(name).value();
    const auto kind = plan.lock.shared ? os::LockKind::shared : os::LockKind::exclusive;
    auto root = os::LockFile::acquire(plan.lock.path, kind);
    if (!root && root.error().code() == EWOULDBLOCK) {
        Error error(quote(plan.mounts.root.path) + " is in use by another box");
        error.set_hint(plan.lock.shared ? "that box writes to the tree; stop it first"
                                        : "only --ephemeral and --read-only boxes share a tree");
        return error;
    }
    if (!root) return std::move(root).error();
    root_lock_ = std::move(root).value();
    return {};
}

Result<void> Reservation::take_directory(const plan::Plan& plan) {
    // We hold the name: whatever is there belongs to nobody any more. The directory is made before
    // everything else that has the name and removed after it, so without one there is nothing.
    const std::string path = std::string(state::kDirectory) + "/" + plan.name;
    if (access(path.c_str(), F_OK) == 0) {
        const bool own_cgroup = plan.cgroup.kind == cgroup::CgroupPlan::Kind::own;
        BOX_TRY(clean_up_leftovers(plan.name,
                                   own_cgroup ? plan.cgroup.machine_dir : std::string()));
    }
    const os::UniqueFd directory = BOX_TRY(state::make_machine_directory(plan.name));
    directory_ = plan.name;
    if (plan.propagation.empty()) return {};
    if (mkdirat(directory.get(), "propagate", 0700) < 0) return errno_error("make " + quote(path));
    if (plan.share_propagation) {
        shared_mount_ = plan.propagation;
        BOX_TRY(share_directory(plan.propagation).context("share " + quote(plan.propagation)));
    }
    return {};
}

Result<void> Reservation::stand_by(os::BorrowedFd leader) {
    // That of a scope has stood by from before the first life on.
    if (cgroup_.kind == cgroup::CgroupPlan::Kind::scope) return {};
    std::vector<int> keep = held();
    keep.push_back(leader.get());
    watch_ = BOX_TRY(os::DeathWatch::start("boxctl-watch", std::move(keep), [this, leader] {
        // Nobody is left to tell; what stays is found again by its name.
        (void)end_process(leader).has_value();
        (void)release().has_value();
    }));
    return {};
}

Result<void> Reservation::release() {
    watch_.dismiss();
    Result<void> first;
    keep_first(first, cgroup::end(cgroup_));
    cgroup_ = {};
    userns::release(ids_);
    has_ids_ = false;
    if (!shared_mount_.empty()) {
        auto detached = os::detach_host_mount(shared_mount_);
        if (!detached) keep_first(first, std::move(detached).error());
        shared_mount_.clear();
    }
    if (!directory_.empty()) {
        // It stays as the sign that something else did.
        if (first) first = state::remove(directory_);
        directory_.clear();
    }
    root_lock_.remove();
    name_lock_.remove();
    watch_.stop();
    return first;
}

std::vector<int> Reservation::held() const {
    std::vector<int> fds = {name_lock_.fd().get(), root_lock_.fd().get(), ids_.lock.fd().get()};
    for (const userns::NspawnLock& lock : ids_.nspawn)
        fds.push_back(lock.fd.get());
    return fds;
}

Reservation::~Reservation() {
    // Nobody is left to tell; what stays is found again by its name.
    (void)release().has_value();
}

Result<void> end_process(os::BorrowedFd pidfd) {
    constexpr int kPatience = 5000;  // ms; only a process stuck in the kernel takes that long
    auto sent = os::send_signal(pidfd, SIGKILL);
    if (!sent && sent.error().code() != ESRCH) return sent;
    pollfd ended = {pidfd.get(), POLLIN, 0};
    const int count = poll(&ended, 1, kPatience);
    if (count < 0) return errno_error("wait for the box to end");
    if (count == 0) return Error(ETIME, "wait for the box to end");
    return {};
}

Result<void> clean_up_leftovers(const std::string& name, const std::string& cgroup_dir) {
    Result<void> first;
    // Without a cgroup, only the record knows the processes of a box that outlived its boxctl.
    if (const auto record = state::read(name)) {
        const auto leader = state::open_process(record->leader);
        if (leader) keep_first(first, end_process(*leader));
        if (!record->unit.empty()) keep_first(first, cgroup::clear_scope(record->cgroup, {}));
    }
    if (!cgroup_dir.empty()) keep_first(first, cgroup::remove(cgroup_dir));
    keep_first(first, net::remove_veth(name));
    auto detached =
            os::detach_host_mount(std::string(state::kDirectory) + "/" + name + "/propagate");
    if (!detached) keep_first(first, std::move(detached).error());
    if (first) first = state::remove(name);
    return first;
}

}  // namespace boxctl::launch
