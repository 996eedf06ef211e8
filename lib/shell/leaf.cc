// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/leaf.h"

#include <fcntl.h>
#include <sys/file.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::shell {
namespace {

constexpr const char* kPrefix = "shell";

bool is_abandoned(os::BorrowedFd machine, const std::string& name) {
    const auto dir = os::open_in(machine, name, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
    return dir && flock(dir->get(), LOCK_EX | LOCK_NB) == 0;
}

Result<void> remove_abandoned(os::BorrowedFd machine) {
    const os::UniqueFd dir =
            BOX_TRY(os::open_in(machine, ".", O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks));
    for (const std::string& name : BOX_TRY(os::list_directory(dir))) {
        if (!name.starts_with(std::string(kPrefix) + "-") || !is_abandoned(machine, name)) continue;
        // Processes in it were left on purpose, by a session that is over.
        BOX_TRY(cgroup::remove_leaf(machine, name));
    }
    return {};
}

}  // namespace

Result<cgroup::Leaf> claim_leaf(os::BorrowedFd machine) {
    // Exclusive: removing, so that nobody's new leaf is taken for abandoned before it is locked.
    // Shared: making one. Each takes microseconds.
    if (flock(machine.get(), LOCK_EX | LOCK_NB) == 0) BOX_TRY(remove_abandoned(machine));
    while (flock(machine.get(), LOCK_SH) < 0) {
        if (errno != EINTR) return errno_error("lock the cgroup of the box");
    }
    cgroup::Leaf leaf = BOX_TRY(cgroup::make_leaf(machine, kPrefix));
    if (flock(leaf.dir.get(), LOCK_EX | LOCK_NB) < 0 || flock(machine.get(), LOCK_UN) < 0) {
        return errno_error("lock cgroup " + quote(leaf.name));
    }
    return leaf;
}

}  // namespace boxctl::shell
