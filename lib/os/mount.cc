// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/mount.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace boxctl::os {

Result<UniqueFd> make_filesystem(const std::string& type, const std::string& source,
                                 const std::vector<std::pair<std::string, std::string>>& options,
                                 uint64_t attributes) {
    const UniqueFd context(fsopen(type.c_str(), FSOPEN_CLOEXEC));
    if (!context.valid()) return errno_error("fsopen " + type);
    if (fsconfig(context.get(), FSCONFIG_SET_STRING, "source", source.c_str(), 0) < 0) {
        return errno_error("fsconfig " + type + " source=" + quote(source));
    }
    for (const auto& [key, value] : options) {
        const unsigned command = value.empty() ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        const char* text = value.empty() ? nullptr : value.c_str();
        if (fsconfig(context.get(), command, key.c_str(), text, 0) < 0) {
            return errno_error("fsconfig " + type + " " + quote(key + "=" + value));
        }
    }
    if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
        return errno_error("create a " + type);
    }
    UniqueFd mount(fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
    if (!mount.valid()) return errno_error("fsmount " + type);
    return mount;
}

Result<UniqueFd> clone_mount(BorrowedFd dir, const std::string& path, Recursion recursion) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    if (path.empty()) flags |= AT_EMPTY_PATH;
    if (recursion == Recursion::tree) flags |= AT_RECURSIVE;
    UniqueFd tree(open_tree(dir.get(), path.c_str(), flags));
    if (!tree.valid()) return errno_error("open_tree " + quote(path));
    return tree;
}

Result<void> attach_mount(BorrowedFd mount, BorrowedFd target) {
    constexpr unsigned kByDescriptor = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (move_mount(mount.get(), "", target.get(), "", kByDescriptor) < 0) {
        return errno_error("move_mount");
    }
    return {};
}

Result<void> change_mount(BorrowedFd mount, const MountChange& change, Recursion recursion) {
    struct mount_attr attr = {};
    attr.attr_set = change.set;
    attr.attr_clr = change.clear;
    attr.propagation = change.propagation;
    if (change.userns.get() >= 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = static_cast<uint64_t>(change.userns.get());
    }
    unsigned flags = AT_EMPTY_PATH;
    if (recursion == Recursion::tree) flags |= AT_RECURSIVE;
    if (mount_setattr(mount.get(), "", flags, &attr, sizeof attr) < 0) {
        return errno_error("mount_setattr");
    }
    return {};
}

Result<void> enter_root(BorrowedFd root) {
    if (fchdir(root.get()) < 0) return errno_error("enter the new root");
    // pivot_root(".", ".") stacks the old root on the new one (pivot_root(2), NOTES): no directory
    // of the tree has to exist or be writable for it.
    if (syscall(SYS_pivot_root, ".", ".") < 0) return errno_error("pivot_root");
    if (umount2(".", MNT_DETACH) < 0) return errno_error("detach the old root");
    if (chdir("/") < 0) return errno_error("enter /");
    return {};
}

Result<void> detach_mount(BorrowedFd mount, BorrowedFd own_fds) {
    if (fchdir(own_fds.get()) < 0) return errno_error("enter the list of descriptors");
    if (umount2(std::to_string(mount.get()).c_str(), MNT_DETACH) < 0) {
        return errno_error("unmount");
    }
    return {};
}

Result<bool> detach_host_mount(const std::string& path) {
    if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return true;
    if (errno == EINVAL || errno == ENOENT) return false;
    return errno_error("unmount " + quote(path));
}

}  // namespace boxctl::os
