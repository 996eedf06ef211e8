// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/litter.h"

#include <vector>

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/launch/reservation.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/state/record.h"
#include "lib/userns/ids.h"

namespace boxctl::shell {
namespace {

Result<std::vector<std::string>> names_in(const std::string& path) {
    const auto dir = os::open_host(path, O_RDONLY | O_DIRECTORY);
    if (!dir && dir.error().code() == ENOENT) return std::vector<std::string>();
    if (!dir) return dir.error();
    return os::list_directory(*dir);
}

Result<std::vector<std::string>> lock_names() {
    return names_in(std::string(state::kDirectory) + "/.locks");
}

Result<void> remove_unheld(const std::string& path) {
    auto lock = os::LockFile::acquire(path, os::LockKind::exclusive);
    if (!lock && lock.error().code() == EWOULDBLOCK) return {};
    if (!lock) return std::move(lock).error();
    lock->remove();
    return {};
}

}  // namespace

Result<std::set<std::string>> names_with_litter() {
    std::set<std::string> found;
    for (const std::string& name : BOX_TRY(state::names()))
        found.insert(name);
    for (const std::string& name : BOX_TRY(lock_names()))
        found.insert(name);
    return found;
}

Result<bool> remove_litter(const std::string& name, const host::CgroupFacts& cgroup) {
    auto lock = os::LockFile::acquire(state::name_lock_path(name), os::LockKind::exclusive);
    if (!lock && lock.error().code() == EWOULDBLOCK) return false;
    if (!lock) return std::move(lock).error();
    auto cleaned = launch::clean_up_leftovers(
            name, cgroup.mount.empty() ? std::string() : cgroup::machine_directory(cgroup, name));
    lock->remove();
    BOX_TRY(std::move(cleaned).context("clean up after " + quote(name)));
    return true;
}

Result<void> remove_unheld_locks() {
    for (const std::string& name : BOX_TRY(lock_names())) {
        if (!name.starts_with("inode-")) continue;
        BOX_TRY(remove_unheld(std::string(state::kDirectory) + "/.locks/" + name));
    }
    const std::string ids = userns::Places().locks;
    for (const std::string& name : BOX_TRY(names_in(ids)))
        BOX_TRY(remove_unheld(ids + "/" + name));
    return {};
}

}  // namespace boxctl::shell
