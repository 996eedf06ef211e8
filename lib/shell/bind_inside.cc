// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/bind_inside.h"

#include <algorithm>
#include <iterator>

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/launch/child_steps.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"
#include "lib/rootfs/apply.h"

namespace boxctl::shell {
namespace {

using launch::Step;
using rootfs::PlaceType;

/// Before the first step towards the box: nobody in it may look into this process (A4).
Result<void> stay_apart() {
    os::set_process_name("boxctl-binder");
    umask(0);
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the caller");
    return {};
}

Result<void> become_root_of(const Target& target) {
    BOX_TRY(os::join_namespaces(target.leader, CLONE_NEWUSER).context("enter the box"));
    return launch::become_box_root();
}

Result<void> enter_mounts(const Target& target) {
    return os::join_namespaces(target.leader, CLONE_NEWNS).context("enter the box's mounts");
}

/// Leaves the caller's mounts for a tmpfs with nothing on it but `mount`, at `name`.
Result<void> isolate(os::BorrowedFd mount, PlaceType type, const char* name) {
    BOX_TRY(os::unshare_namespaces(CLONE_NEWNS).context("copy the mounts"));
    const os::UniqueFd host_root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    os::MountChange alone;
    alone.propagation = MS_PRIVATE;
    BOX_TRY(os::change_mount(host_root, alone, os::Recursion::tree)
                    .context("leave the host's mounts"));
    const os::UniqueFd top = BOX_TRY(os::make_filesystem(
            "tmpfs", "boxctl", {{"mode", "0755"}, {"size", "64k"}, {"nr_inodes", "16"}}, 0));
    const bool made = type == PlaceType::directory
                              ? mkdirat(top.get(), name, 0755) == 0
                              : mknodat(top.get(), name, S_IFREG | 0644, 0) == 0;
    if (!made) return errno_error("make a mount point");
    BOX_TRY(os::attach_mount(top, host_root));
    const os::UniqueFd point = BOX_TRY(os::open_in(top, name, O_PATH, os::Follow::no_symlinks));
    BOX_TRY(os::attach_mount(mount, point));
    return os::enter_root(top);
}

/// The mount once more, detached, its flags locked for whoever has no rights outside of the box's
/// user namespace. Afterwards the caller is root of that.
Result<os::UniqueFd> lock_for_box(const BinderInput& input) {
    constexpr const char* kName = "mount";
    BOX_TRY(isolate(input.mount, input.type, kName));
    BOX_TRY(become_root_of(*input.target));
    // This copy, into a mount namespace of another user namespace, is what locks.
    BOX_TRY(os::unshare_namespaces(CLONE_NEWNS).context("copy the mount for the box"));
    return os::clone_mount(os::BorrowedFd::cwd(), kName, os::Recursion::tree);
}

/// What the kernel shows of itself is no place of the box's, nor is what hides parts of it.
bool is_kernel_path(const std::string& path) {
    return path.starts_with("/proc/") || path.starts_with("/sys/");
}

Result<bool> is_kernel_file(os::BorrowedFd target) {
    constexpr uint64_t kMagics[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP2_SUPER_MAGIC,
                                    CGROUP_SUPER_MAGIC};
    const uint64_t magic = BOX_TRY(os::filesystem_magic(target));
    return std::find(std::begin(kMagics), std::end(kMagics), magic) != std::end(kMagics);
}

Error kernel_error() {
    return Error("it belongs to the kernel: nothing is bound in /proc and /sys");
}

/// Opened as the box's root, which this process is, or made as that.
Result<os::UniqueFd> open_place(const BinderInput& input) {
    if (is_kernel_path(input.path)) return kernel_error();
    rootfs::Build build;  // ids as the box's root sees them
    build.root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    rootfs::MountOp op;
    op.target = input.path;
    op.missing = input.make_target ? rootfs::Missing::create : rootfs::Missing::fail;
    auto place = rootfs::open_target(op, input.type, build);
    if (!place && place.error().code() == ENOENT && !input.make_target) {
        Error error("it is not in the box");
        error.set_hint("--mkdir makes it");
        return error;
    }
    if (!place) return place;
    if (BOX_TRY(is_kernel_file(*place))) return kernel_error();
    const bool directory = S_ISDIR(BOX_TRY(os::status_of(*place)).st_mode);
    if (directory == (input.type == PlaceType::directory)) return place;
    return Error(directory ? "it is a directory, but the source is a file"
                           : "it is a file, but the source is a directory");
}

Result<void> take_in(const BinderInput& input) {
    BOX_TRY(stay_apart());
    // Without a user namespace of its own, root of the box is the host's: no lock would hold it.
    const os::UniqueFd mount = input.user_namespace ? BOX_TRY(lock_for_box(input))
                                                    : BOX_TRY(os::duplicate(input.mount));
    BOX_TRY(enter_mounts(*input.target));
    const os::UniqueFd target = BOX_TRY(open_place(input).context("target " + quote(input.path)));
    BOX_TRY(input.to_caller->say(Step::mount_ready, 0, {mount.get(), target.get()}));
    BOX_TRY(input.to_caller->expect(Step::attach));
    BOX_TRY(os::attach_mount(mount, target).context("target " + quote(input.path)));
    return input.to_caller->say(Step::done);
}

Result<os::UniqueFd> open_bound(const state::BindNote& note) {
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    os::UniqueFd top = BOX_TRY(os::open_in(root, note.place, O_PATH, os::Follow::no_symlinks));
    const bool same = BOX_TRY(os::mount_id(top)) == note.id &&
                      BOX_TRY(os::unique_mount_id(top)) == note.serial;
    if (same) return top;
    return Error(EBUSY, "the box has mounted something else at " + quote(note.place));
}

Result<void> take_out(const UnbinderInput& input) {
    BOX_TRY(stay_apart());
    // Of the host's /proc: that of the box would be another one's.
    const os::UniqueFd own_fds = BOX_TRY(os::open_host("/proc/self/fd", O_PATH | O_DIRECTORY));
    if (input.user_namespace) BOX_TRY(become_root_of(*input.target));
    BOX_TRY(enter_mounts(*input.target));
    const os::UniqueFd bound = BOX_TRY(open_bound(*input.note));
    BOX_TRY(os::detach_mount(bound, own_fds).context("unbind " + quote(input.note->place)));
    return input.to_caller->say(Step::done);
}

[[noreturn]] void finish(const Result<void>& done, const launch::Link& to_caller) {
    if (done) _exit(0);
    // The caller learns the reason, or sees the link close when even that fails.
    (void)to_caller.fail(done.error()).has_value();
    _exit(1);
}

}  // namespace

void binder_main(const BinderInput& input) {
    finish(take_in(input), *input.to_caller);
}

void unbinder_main(const UnbinderInput& input) {
    finish(take_out(input), *input.to_caller);
}

}  // namespace boxctl::shell
