// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/payload.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/launch/child_steps.h"
#include "lib/net/apply.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/passed.h"
#include "lib/os/process.h"

namespace boxctl::launch {
namespace {

/// A copy of the builder's mounts that belongs to the box. Where the box has a user namespace of
/// its own the kernel locks every mount in it: it can be covered, not removed or made writable.
Result<void> take_mounts() {
    BOX_TRY(os::unshare_namespaces(CLONE_NEWNS).context("copy the mounts"));
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    os::MountChange shared;
    shared.propagation = MS_SHARED;
    return os::change_mount(root, shared, os::Recursion::tree).context("share the mounts inside");
}

/// A line of timens_offsets(5) that makes `clock` read zero now.
std::string zero_line(const char* name, clockid_t clock) {
    timespec now = {};
    clock_gettime(clock, &now);
    // The offset is -(now), as whole seconds and a non-negative rest.
    const long seconds = now.tv_nsec == 0 ? -now.tv_sec : -now.tv_sec - 1;
    const long rest = now.tv_nsec == 0 ? 0 : 1000000000 - now.tv_nsec;
    return format("%s %ld %ld\n", name, seconds, rest);
}

Result<void> enter_time(const plan::NamespacePlan& plan) {
    if (!plan.time) return {};
    BOX_TRY(os::unshare_namespaces(CLONE_NEWTIME).context("make a time namespace"));
    if (plan.clocks_from_zero) {
        BOX_TRY(os::write_file(
                "/proc/self/timens_offsets",
                zero_line("monotonic", CLOCK_MONOTONIC) + zero_line("boottime", CLOCK_BOOTTIME)));
    }
    const os::UniqueFd time = BOX_TRY(os::open_host("/proc/self/ns/time_for_children", O_RDONLY));
    if (setns(time.get(), CLONE_NEWTIME) < 0) return errno_error("join the time namespace");
    return {};
}

/// Masks are checked by what they do, from inside: a bind that went missing is not noticed by
/// looking at what was asked for.
Result<void> check_masks(const plan::Plan& plan) {
    struct statvfs sysctl = {};
    if (statvfs("/proc/sys", &sysctl) < 0) return errno_error("look at /proc/sys");
    if ((sysctl.f_flag & ST_RDONLY) == 0) return Error("/proc/sys is writable in the box");
    for (const char* path :
         {"/proc/kcore", "/proc/kallsyms", "/proc/timer_list", "/proc/sysrq-trigger"}) {
        struct stat status = {};
        if (stat(path, &status) < 0 && errno == ENOENT) continue;
        if (!S_ISREG(status.st_mode) || status.st_size != 0 || (status.st_mode & 07777U) != 0) {
            return Error(std::string(path) + " is not masked in the box");
        }
    }
    // In a contained box the mounts must be locked. EINVAL is the kernel's word for that.
    if (plan.namespaces.user && (umount2("/proc/sys", MNT_DETACH) == 0 || errno != EINVAL)) {
        return Error("the mask of /proc/sys is not locked in the box");
    }
    return {};
}

/// An init stays in the session that the builder started and left behind: like on real hardware it
/// leads none, so opening a terminal never makes that its own, and the first getty can have it. A
/// command gets a session and, where there is one, the console as controlling terminal.
Result<void> connect_console(const plan::ConsolePlan& console, settings::Mode mode) {
    const bool leads = mode == settings::Mode::run;
    if (leads && setsid() < 0) return errno_error("start a session");
    if (!console.terminal) return {};
    const os::UniqueFd terminal = BOX_TRY(os::open_host("/dev/console", O_RDWR));
    for (int fd = 0; fd <= 2; fd++) {
        if (!console.passed[static_cast<size_t>(fd)] && dup2(terminal.get(), fd) < 0) {
            return errno_error("connect the console");
        }
    }
    if (leads && ioctl(terminal.get(), TIOCSCTTY, 0) < 0) {
        return errno_error("take the console as controlling terminal");
    }
    return {};
}

Result<void> prepare(const PayloadInput& input) {
    const plan::Plan& plan = *input.plan;
    os::set_process_name("boxctl-payload");
    // While the builder makes the tree; others wait for the network. The time before the ids
    // change: from then on this process's files in /proc are not its own.
    if (plan.namespaces.network) {
        BOX_TRY(os::unshare_namespaces(CLONE_NEWNET).context("make a network namespace"));
        BOX_TRY(input.to_parent->say(Step::network_born));
        BOX_TRY(net::bring_up_loopback());
    }
    BOX_TRY(enter_time(plan.namespaces));
    BOX_TRY(reset_signals());
    if (plan.namespaces.uts && sethostname(plan.hostname.c_str(), plan.hostname.size()) < 0) {
        return errno_error("set the host name");
    }
    BOX_TRY(input.to_parent->expect(Step::tree_built));
    // The builder's pivot moved our root; the working directory is still one of the host's.
    if (chdir("/") < 0) return errno_error("enter /");
    BOX_TRY(become_box_root());
    BOX_TRY(take_mounts());
    BOX_TRY(check_masks(plan));
    BOX_TRY(connect_console(plan.console, plan.mode));
    BOX_TRY(enter_directory(plan.process.directory));
    umask(022);
    return {};
}

Error fault_error(const ExecFault& fault) {
    return {fault.error, fault.what};
}

/// The sockets that we were passed are the init's own, at the same numbers.
Result<void> keep_passed(const std::vector<std::string>& names, std::vector<int>& kept) {
    for (size_t i = 0; i < names.size(); i++) {
        const int fd = os::kFirstPassedFd + static_cast<int>(i);
        if (fcntl(fd, F_SETFD, 0) < 0) return errno_error(format("hand descriptor %d on", fd));
        kept.push_back(fd);
    }
    return {};
}

Result<void> run(const PayloadInput& input) {
    std::vector<int> kept = {input.to_parent->fd().get()};
    BOX_TRY(keep_passed(input.plan->process.passed_fds, kept));
    // The parent's ends must not stay open here: its end of a link is how a death is noticed.
    BOX_TRY(close_others(kept));
    BOX_TRY(prepare(input));
    const ExecFault fault = confine(*input.image);
    if (fault.what != nullptr) return fault_error(fault);
    BOX_TRY(input.to_parent->say(Step::confined));
    BOX_TRY(input.to_parent->expect(Step::execute));
    return execute_error(*input.plan, execute(*input.image));
}

}  // namespace

void payload_main(const PayloadInput& input) {
    const auto done = run(input);
    // Reached only without an execve. The parent learns the reason, or sees the link close.
    (void)input.to_parent->fail(done.error()).has_value();
    _exit(done.error().exit_code());
}

}  // namespace boxctl::launch
