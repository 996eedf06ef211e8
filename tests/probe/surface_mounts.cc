// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts: undoing masks, mounting file systems, leaving the root.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/probe/surface.h"

namespace probe {

namespace {

// Same user namespace, so locked mounts stay locked in the copy.
int own_mounts() {
    if (really) return 0;
    if (unshare(CLONE_NEWNS) != 0) return errno;
    return error_of(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

int unmount(const char* path) {
    const int error = own_mounts();
    if (error != 0) return error;
    // EINVAL: also said of a locked mount, where the row is closed, or when nothing is mounted.
    return error_of(umount2(path, MNT_DETACH));
}

// Of the one mount, never of the file system.
int remount_writable(const char* path) {
    const int error = own_mounts();
    if (error != 0) return error;
    mount_attr change = {};
    change.attr_clr = MOUNT_ATTR_RDONLY;
    return error_of(mount_setattr(AT_FDCWD, path, 0, &change, sizeof change));
}

int unmount_proc_sys() {
    return unmount("/proc/sys");
}
int unmount_sys() {
    return unmount("/sys");
}
int unmount_kallsyms() {
    return unmount("/proc/kallsyms");
}
int remount_proc() {
    return remount_writable("/proc");
}
int remount_proc_sys() {
    return remount_writable("/proc/sys");
}
int remount_sys() {
    return remount_writable("/sys");
}

int write_below_mask() {
    const int error = unmount("/proc/sys");
    if (error != 0) return error;
    const int fd = open("/proc/sys/kernel/core_pattern", O_RDWR | O_CLOEXEC);
    if (fd < 0) return errno;
    char text[256];
    const ssize_t length = read(fd, text, sizeof text);
    if (length <= 0) return EIO;
    return error_of(pwrite(fd, text, static_cast<size_t>(length), 0));
}

constexpr struct {
    const char* name;
    int (*act)();
} kUndo[] = {
        {"umount:proc-sys", unmount_proc_sys},
        {"umount:sys", unmount_sys},
        {"umount:kallsyms", unmount_kallsyms},
        {"remount:proc-rw", remount_proc},
        {"remount:proc-sys-rw", remount_proc_sys},
        {"remount:sys-rw", remount_sys},
        {"umount-then-write:core_pattern", write_below_mask},
};

const char* wanted_type;
const char* wanted_options;

int mount_wanted() {
    // In the initial cgroup namespace a mount of cgroup2 sets its options, such as nsdelegate, for
    // the whole machine.
    if (strncmp(wanted_type, "cgroup", 6) == 0 && unshare(CLONE_NEWCGROUP) != 0) return errno;
    const int error = own_mounts();
    if (error != 0) return error;
    const int result = error_of(mount("probe", scratch(), wanted_type, 0, wanted_options));
    if (result == 0) umount2(scratch(), MNT_DETACH);
    return result;
}

constexpr struct {
    const char* name;
    const char* type;
    const char* options;
    bool harmless;  // on a host: makes no new hierarchy, changes no options that all mounts share
} kMount[] = {
        {"mount:tmpfs", "tmpfs", nullptr, true},
        {"mount:proc", "proc", nullptr, true},
        {"mount:sysfs", "sysfs", nullptr, true},
        {"mount:cgroup2", "cgroup2", nullptr, true},
        {"mount:cgroup1", "cgroup", "none,name=surface-probe", false},  // a new host hierarchy
        {"mount:devtmpfs", "devtmpfs", nullptr, false},
        {"mount:debugfs", "debugfs", nullptr, false},
        {"mount:tracefs", "tracefs", nullptr, false},
        {"mount:securityfs", "securityfs", nullptr, false},
        {"mount:bpf", "bpf", nullptr, false},
        {"mount:binfmt_misc", "binfmt_misc", nullptr, false},
        {"mount:mqueue", "mqueue", nullptr, true},
};

// The classic: a descriptor of the outside, a new root, then "..".
int leave_root() {
    struct stat before = {};
    struct stat after = {};
    if (stat("/", &before) != 0) return errno;
    const int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (outside < 0 || chroot(scratch()) != 0 || fchdir(outside) != 0) return errno;
    for (int i = 0; i < 64; i++) {
        if (chdir("..") != 0) return errno;
    }
    if (chroot(".") != 0 || stat("/", &after) != 0) return errno;
    const bool same = before.st_dev == after.st_dev && before.st_ino == after.st_ino;
    return same ? EACCES : 0;
}

int pivot_nowhere() {
    return error_of(syscall(SYS_pivot_root, "/surface-probe-none", "/surface-probe-none"));
}

}  // namespace

void probe_mounts() {
    for (const auto& row : kUndo)
        report(row.name, in_child(row.act));
    scratch();  // made here, for all children
    for (const auto& row : kMount) {
        wanted_type = row.type;
        wanted_options = row.options;
        if (row.harmless || guest) {
            report(row.name, in_child(mount_wanted));
        } else {
            report_word(row.name, "skipped");
        }
    }
    report("pivot_root", in_child(pivot_nowhere), {ENOENT});
    report("leave-root", in_child(leave_root));
}

}  // namespace probe
