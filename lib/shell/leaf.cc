// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/leaf.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::shell {
namespace {

constexpr const char* kPrefix = "shell";
constexpr int kAttempts = 16;

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
    BOX_TRY(remove_abandoned(machine));
    for (int attempt = 0; attempt < kAttempts; attempt++) {
        cgroup::Leaf leaf = BOX_TRY(cgroup::make_leaf(machine, kPrefix));
        struct stat status = {};
        // Before it was locked another boxctl may have taken it for abandoned.
        if (flock(leaf.dir.get(), LOCK_EX | LOCK_NB) == 0 &&
            fstatat(machine.get(), leaf.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
            return leaf;
        }
    }
    return Error(EAGAIN, "make a cgroup for the session");
}

}  // namespace boxctl::shell
