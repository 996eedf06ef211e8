// SPDX-License-Identifier: LGPL-2.1-or-later
// Removal of a box's cgroups, however many the box has made in them.
#include <memory>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/cgroup/apply.h"
#include "lib/cgroup/tree.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr int kEndWait = 5000;  // ms
// Descriptors held at most; set_bounds() allows a box half of it.
constexpr size_t kMaxLevels = 2 * kMaxDepth;
constexpr size_t kMaxChildren = 1U << 16U;

/// A directory on the way down, and the cgroups in it that are still to be removed.
struct Level {
    os::UniqueFd dir;
    std::string name;
    std::vector<std::string> children;
};

Result<Level> open_level(os::BorrowedFd parent, const std::string& name) {
    Level level;
    level.name = name;
    level.dir = BOX_TRY(os::open_in(parent, name, kDirectory, os::Follow::no_symlinks));
    level.children = BOX_TRY(list_children(level.dir));
    return level;
}

/// Depth first, without recursion: how deep it goes was the box's choice. A leaf, which most are,
/// costs one call.
Result<void> remove_tree(os::BorrowedFd parent, const std::string& name) {
    if (BOX_TRY(remove_leaf(parent, name))) return {};
    std::vector<Level> levels;
    levels.push_back(BOX_TRY(open_level(parent, name)));
    while (!levels.empty()) {
        Level& top = levels.back();
        if (top.children.empty()) {
            const std::string done = std::move(top.name);
            levels.pop_back();
            const os::BorrowedFd above = levels.empty() ? parent : levels.back().dir;
            if (!BOX_TRY(remove_leaf(above, done))) {
                return Error(EBUSY, "remove cgroup " + quote(done));
            }
            continue;
        }
        const std::string child = std::move(top.children.back());
        top.children.pop_back();
        if (BOX_TRY(remove_leaf(top.dir, child))) continue;
        if (levels.size() >= kMaxLevels) return Error(ELOOP, "remove cgroup " + quote(child));
        levels.push_back(BOX_TRY(open_level(top.dir, child)));
    }
    return {};
}

/// What is left of `dir` below the mount: the first directory on the way that is a cgroup.
std::string path_in_hierarchy(const std::string& dir) {
    for (size_t end = dir.find('/', 1); end != std::string::npos; end = dir.find('/', end + 1)) {
        struct statfs status = {};
        const std::string prefix = dir.substr(0, end);
        if (statfs(prefix.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC) {
            return dir.substr(end);
        }
    }
    return "/";
}

Result<bool> caller_is_inside(const std::string& dir) {
    const std::string memberships = BOX_TRY(os::read_file("/proc/self/cgroup"));
    const std::string place = path_in_hierarchy(dir);
    for (const std::string& line : split(memberships, '\n')) {
        if (!line.starts_with("0::")) continue;
        const std::string own = line.substr(3);
        return own == place || own.starts_with(place + "/");
    }
    return false;
}

Result<void> kill_and_wait(os::BorrowedFd dir) {
    const os::UniqueFd events = BOX_TRY(open_events(dir));
    if (!BOX_TRY(populated(events))) return {};
    BOX_TRY(kill_all(dir));
    return wait_empty(events, kEndWait);
}

Result<void> end_processes(const std::string& box_dir, os::BorrowedFd dir) {
    const os::UniqueFd events = BOX_TRY(open_events(dir));
    if (!BOX_TRY(populated(events))) return {};
    if (BOX_TRY(caller_is_inside(box_dir))) {
        return Error(EBUSY, "kill a cgroup that the caller is in");
    }
    return kill_and_wait(dir);
}

/// Most boxes leave no process and made no cgroup of their own: then two calls do. The kernel
/// refuses where it is otherwise.
bool remove_empty(const std::string& box_dir) {
    for (const char* part : {"/payload", ""}) {
        if (rmdir((box_dir + part).c_str()) < 0 && errno != ENOENT) return false;
    }
    return true;
}

bool is_gone(const Error& error) {
    return error.code() == ENOENT || error.code() == ENODEV;
}

Result<void> remove_existing(const std::string& box_dir) {
    const auto [folder, name] = os::split_path(box_dir);
    const os::UniqueFd parent = BOX_TRY(os::open_host(folder, kDirectory));
    {
        const os::UniqueFd dir =
                BOX_TRY(os::open_in(parent, name, kDirectory, os::Follow::no_symlinks));
        BOX_TRY(end_processes(box_dir, dir));
    }
    return remove_tree(parent, name);
}

}  // namespace

/// Directories only: each cgroup has some thirty files besides, which go with it.
Result<std::vector<std::string>> list_children(os::BorrowedFd dir) {
    os::UniqueFd own = BOX_TRY(os::open_in(dir, ".", kDirectory, os::Follow::no_symlinks));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own.get()), closedir);
    if (!stream) return errno_error("list cgroups");
    (void)own.release();
    std::vector<std::string> children;
    while (true) {
        errno = 0;
        const dirent* entry = readdir(stream.get());
        if (entry == nullptr && errno != 0) return errno_error("list cgroups");
        if (entry == nullptr) return children;
        const std::string_view name = entry->d_name;
        if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
        if (children.size() >= kMaxChildren) return Error(E2BIG, "list cgroups");
        children.emplace_back(name);
    }
}

Result<void> remove_child(os::BorrowedFd parent, const std::string& name) {
    auto dir = os::open_in(parent, name, kDirectory, os::Follow::no_symlinks);
    if (!dir && is_gone(dir.error())) return {};
    if (!dir) return std::move(dir).error();
    auto emptied = kill_and_wait(*dir);
    if (emptied) emptied = remove_tree(parent, name);
    if (!emptied && is_gone(emptied.error())) return {};
    return emptied;
}

Result<void> remove(const std::string& box_dir) {
    // Its "/payload" would be a directory of the host.
    if (box_dir.empty()) return Error(EINVAL, "remove a cgroup without a path");
    auto removed = remove_empty(box_dir) ? Result<void>() : remove_existing(box_dir);
    if (!removed && !is_gone(removed.error())) {
        return std::move(removed).context("remove " + quote(box_dir));
    }
    const std::string folder = os::split_path(box_dir).first;
    if (os::split_path(folder).second != kFolder) return {};
    // The last box takes the folder along; EBUSY says that this was not the last.
    if (rmdir(folder.c_str()) < 0 && errno != EBUSY && errno != ENOENT) {
        return errno_error("remove cgroup " + quote(folder));
    }
    return {};
}

}  // namespace boxctl::cgroup
