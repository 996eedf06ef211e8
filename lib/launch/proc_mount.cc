// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/proc_mount.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "lib/os/file.h"

namespace boxctl::launch {
namespace {

constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/// Since Linux 6.17 a procfs can be told whose processes to show. Invalid where it cannot.
Result<os::UniqueFd> make_for_children() {
    const os::UniqueFd children =
            BOX_TRY(os::open_host("/proc/self/ns/pid_for_children", O_RDONLY));
    const os::UniqueFd context(fsopen("proc", FSOPEN_CLOEXEC));
    if (!context.valid()) return errno_error("open a proc");
    if (fsconfig(context.get(), FSCONFIG_SET_FD, "pidns", nullptr, children.get()) < 0) {
        if (errno == EINVAL) return os::UniqueFd();
        return errno_error("choose the processes that a proc shows");
    }
    if (fsconfig(context.get(), FSCONFIG_SET_STRING, "source", "proc", 0) < 0 ||
        fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
        return errno_error("make a proc");
    }
    os::UniqueFd mount(fsmount(context.get(), FSMOUNT_CLOEXEC, kAttributes));
    if (!mount.valid()) return errno_error("make a proc");
    return mount;
}

struct Attempt {
    int mount = -1;
    int error = 0;
};

// The child: a process of the box's PID namespace with the host's privileges, before anything of
// the box runs. Shares all memory with its suspended parent: system calls only.
int mount_proc(void* argument) {
    auto* attempt = static_cast<Attempt*>(argument);
    const int context = fsopen("proc", FSOPEN_CLOEXEC);
    if (context >= 0 && fsconfig(context, FSCONFIG_SET_STRING, "source", "proc", 0) == 0 &&
        fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) {
        attempt->mount = fsmount(context, FSMOUNT_CLOEXEC, kAttributes);
    }
    if (attempt->mount < 0) attempt->error = errno;
    return 0;
}

/// An older one shows the namespace that its maker lives in.
Result<os::UniqueFd> make_by_child() {
    alignas(16) static char stack[16384];
    Attempt attempt;
    const int pid = clone(mount_proc, stack + sizeof stack,
                          CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &attempt);
    if (pid < 0) return errno_error("start a helper for /proc");
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return errno_error("wait for the helper for /proc");
    }
    if (attempt.mount < 0) return Error(attempt.error, "make a proc");
    return os::UniqueFd(attempt.mount);
}

}  // namespace

Result<os::UniqueFd> make_proc_mount() {
    os::UniqueFd mount = BOX_TRY(make_for_children());
    return mount.valid() ? std::move(mount) : make_by_child();
}

}  // namespace boxctl::launch
