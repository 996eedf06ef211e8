// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/payload.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"

namespace boxctl::launch {
namespace {

/// The box's root user: kernel ids that exist in its map (or, without one, the host's root).
Result<void> become_box_root() {
    if (setresgid(0, 0, 0) < 0 || setgroups(0, nullptr) < 0 || setresuid(0, 0, 0) < 0) {
        return errno_error("become the box's root");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the supervisor");
    // Until execve nobody may look into this process: its memory is still boxctl's (A4).
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    return {};
}

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

/// A session of its own: no terminal of the host's is this process's any more.
Result<void> connect_console(const plan::ConsolePlan& console, bool controlling) {
    if (setsid() < 0) return errno_error("start a session");
    if (!console.terminal) return {};
    const os::UniqueFd terminal = BOX_TRY(os::open_host("/dev/console", O_RDWR));
    for (int fd = 0; fd <= 2; fd++) {
        if (!console.passed[static_cast<size_t>(fd)] && dup2(terminal.get(), fd) < 0) {
            return errno_error("connect the console");
        }
    }
    if (controlling && ioctl(terminal.get(), TIOCSCTTY, 0) < 0) {
        return errno_error("take the console as controlling terminal");
    }
    return {};
}

Result<void> reset_signals() {
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        struct sigaction action = {};
        action.sa_handler = SIG_DFL;
        // Refused for SIGKILL, SIGSTOP and those the C library keeps; they are at their default.
        sigaction(signal, &action, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, nullptr) < 0) return errno_error("reset signals");
    return {};
}

/// The working directory, entered as the root of the box and checked to be in it (A2).
Result<void> enter_directory(const std::string& path) {
    if (path == "/") return {};
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    auto directory = os::open_in(root, path, O_PATH | O_DIRECTORY);
    if (!directory) return std::move(directory).context("--chdir").error();
    if (fchdir(directory->get()) < 0) return errno_error("enter " + quote(path));
    return {};
}

Result<void> prepare(const PayloadInput& input) {
    const plan::Plan& plan = *input.plan;
    os::set_process_name("boxctl-payload");
    BOX_TRY(input.to_parent->expect(Step::tree_built));
    // The builder's pivot moved our root; the working directory is still one of the host's.
    if (chdir("/") < 0) return errno_error("enter /");
    // Before the ids change: from then on this process's files in /proc are not its own.
    BOX_TRY(enter_time(plan.namespaces));
    BOX_TRY(become_box_root());
    BOX_TRY(take_mounts());
    if (plan.namespaces.uts && sethostname(plan.hostname.c_str(), plan.hostname.size()) < 0) {
        return errno_error("set the host name");
    }
    BOX_TRY(check_masks(plan));
    BOX_TRY(connect_console(plan.console, plan.process.controlling_terminal));
    BOX_TRY(enter_directory(plan.process.directory));
    umask(022);
    return reset_signals();
}

Error fault_error(const ExecFault& fault) {
    return {fault.error, fault.what};
}

Error execute_error(const PayloadInput& input, const ExecFault& fault) {
    const std::string& command = input.plan->process.arguments.front();
    Error error(fault.error, "execute " + quote(input.plan->mode == settings::Mode::boot
                                                        ? input.plan->process.candidates.front()
                                                        : command));
    error.set_exit_code(fault.error == ENOENT ? 127 : 126);
    if (fault.error == ENOEXEC) error.set_hint("the tree may be of another architecture");
    return error;
}

/// Keeps the three standard descriptors and the link; whatever the caller had open goes (A3).
Result<void> close_rest(int link) {
    if (link > 3 && close_range(3, static_cast<unsigned>(link) - 1, 0) < 0) {
        return errno_error("close descriptors");
    }
    if (close_range(static_cast<unsigned>(link) + 1, ~0U, 0) < 0)
        return errno_error("close descriptors");
    return {};
}

Result<void> run(const PayloadInput& input) {
    // The parent's ends must not stay open here: its end of a link is how a death is noticed.
    BOX_TRY(close_rest(input.to_parent->fd().get()));
    BOX_TRY(prepare(input));
    const ExecFault fault = confine(*input.image);
    if (fault.what != nullptr) return fault_error(fault);
    BOX_TRY(input.to_parent->say(Step::confined));
    BOX_TRY(input.to_parent->expect(Step::execute));
    return execute_error(input, execute(*input.image));
}

}  // namespace

void payload_main(const PayloadInput& input) {
    const auto done = run(input);
    // Reached only without an execve. The parent learns the reason, or sees the link close.
    (void)input.to_parent->fail(done.error()).has_value();
    _exit(done.error().exit_code());
}

}  // namespace boxctl::launch
