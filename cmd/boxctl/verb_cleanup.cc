// SPDX-License-Identifier: LGPL-2.1-or-later
// cleanup: what a killed boxctl left is found by the name of its machine, and only touched while
// holding that name's lock: a machine that runs holds it, so it cannot be mistaken for a dead one.
#include <set>

#include <fcntl.h>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/plan.h"
#include "lib/host/facts.h"
#include "lib/launch/reservation.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/settings/settings.h"

namespace boxctl::cmd {
namespace {

Result<std::vector<std::string>> lock_names() {
    const auto dir =
            os::open_host(std::string(state::kDirectory) + "/.locks", O_RDONLY | O_DIRECTORY);
    if (!dir && dir.error().code() == ENOENT) return std::vector<std::string>();
    if (!dir) return dir.error();
    return os::list_directory(*dir);
}

/// Names with a directory or a lock file of theirs: the file outlives a boxctl that was killed.
Result<std::set<std::string>> candidates() {
    std::set<std::string> found;
    for (const Machine& machine : BOX_TRY(all_machines()))
        found.insert(machine.name);
    for (const std::string& name : BOX_TRY(lock_names()))
        found.insert(name);
    std::erase_if(found, [](const std::string& name) {
        return !settings::machine_name_fault(name).empty();
    });
    return found;
}

/// False when the machine runs.
Result<bool> clean_machine(const std::string& name, const host::CgroupFacts& cgroup) {
    auto lock = os::LockFile::acquire(state::name_lock_path(name), os::LockKind::exclusive);
    if (!lock && lock.error().code() == EWOULDBLOCK) return false;
    if (!lock) return std::move(lock).error();
    auto cleaned = launch::clean_up_leftovers(
            name, cgroup.mount.empty() ? std::string() : cgroup::machine_directory(cgroup, name));
    lock->remove();
    BOX_TRY(std::move(cleaned).context("clean up after " + quote(name)));
    return true;
}

/// Lock files of trees that nobody holds.
Result<void> remove_tree_locks() {
    for (const std::string& name : BOX_TRY(lock_names())) {
        if (!name.starts_with("inode-")) continue;
        auto lock = os::LockFile::acquire(std::string(state::kDirectory) + "/.locks/" + name,
                                          os::LockKind::exclusive);
        if (lock) {
            lock->remove();
        } else if (lock.error().code() != EWOULDBLOCK) {
            return std::move(lock).error();
        }
    }
    return {};
}

int clean_one(const std::string& name) {
    const auto machine = look_up(name);
    if (!machine) return fail(machine.error());
    const auto made = state::make_directories();
    if (!made) return fail(made.error());
    const auto cleaned = clean_machine(name, host::probe_host().cgroup);
    if (!cleaned) return fail(cleaned.error());
    if (!*cleaned) return fail(Error("machine " + quote(name) + " runs"));
    if (machine->life == Life::unknown) return 0;
    return print("removed what machine " + quote(name) + " left\n");
}

}  // namespace

int verb_cleanup(const Invocation& invocation) {
    if (!invocation.words.empty()) return clean_one(invocation.words.front());
    const auto names = candidates();
    if (!names) return fail(names.error());
    const host::CgroupFacts cgroup = host::probe_host().cgroup;
    int status = 0;
    for (const std::string& name : *names) {
        const auto cleaned = clean_machine(name, cgroup);
        // One machine that cannot be cleaned up does not keep the litter of the others.
        if (!cleaned) status = fail(cleaned.error());
        if (cleaned && *cleaned) {
            const int printed = print("removed what machine " + quote(name) + " left\n");
            if (printed != 0) status = printed;
        }
    }
    const auto locks = remove_tree_locks();
    return locks ? status : fail(locks.error());
}

}  // namespace boxctl::cmd
