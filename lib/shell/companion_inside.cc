// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/companion_inside.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/launch/child_steps.h"
#include "lib/launch/exec_image.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"

namespace boxctl::shell {
namespace {

using launch::Step;

constexpr int kBacklog = 64;
constexpr int kChannel = 3;  ///< box-init --companion writes to this
constexpr int kMostSteps = 64;

/// /var/run/dbus, where clients look, as the box has it; usually /run/dbus. Made where it is
/// missing: an empty directory is all that the box ever sees.
Result<os::UniqueFd> open_bus_folder() {
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    auto run = os::open_in(root, "/var/run", O_PATH | O_DIRECTORY);
    if (!run && run.error().code() == ENOENT) {
        const os::UniqueFd var = BOX_TRY(os::make_directories_in(root, "/var"));
        // Where every distribution has it; a broken link stays as it is.
        if (symlinkat("../run", var.get(), "run") < 0 && errno != EEXIST) {
            return errno_error("make '/var/run' in the box");
        }
        run = os::open_in(root, "/var/run", O_PATH | O_DIRECTORY);
    }
    if (!run) return std::move(run).context("look for the place of the system bus");
    if (mkdirat(run->get(), "dbus", 0755) < 0 && errno != EEXIST) {
        return errno_error("make '/var/run/dbus' in the box");
    }
    return os::open_in(*run, "dbus", O_PATH | O_DIRECTORY, os::Follow::no_symlinks);
}

/// The root directory of the mount that `directory` is on.
Result<os::UniqueFd> root_of_mount(os::BorrowedFd directory) {
    os::UniqueFd at = BOX_TRY(os::duplicate(directory));
    const uint64_t mount = BOX_TRY(os::mount_id(at));
    for (int i = 0; i < kMostSteps; i++) {
        os::UniqueFd up(openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!up.valid()) return errno_error("look for the top of a mount");
        if (BOX_TRY(os::mount_id(up)) != mount) return at;
        const struct stat here = BOX_TRY(os::status_of(at));
        const struct stat above = BOX_TRY(os::status_of(up));
        if (here.st_ino == above.st_ino && here.st_dev == above.st_dev) return at;
        at = std::move(up);
    }
    return Error(ELOOP, "look for the top of a mount");
}

/// A directory of our own on top of the bus's folder, in this mount namespace alone.
Result<os::UniqueFd> cover_bus_folder() {
    BOX_TRY(os::unshare_namespaces(CLONE_NEWNS).context("copy the mounts"));
    const os::UniqueFd folder = BOX_TRY(open_bus_folder());
    // Or the box would see what is mounted here. What the box mounts comes along: where the cover
    // is, below it (mount_namespaces(7), propagation to slaves).
    os::MountChange alone;
    alone.propagation = MS_SLAVE;
    BOX_TRY(os::change_mount(BOX_TRY(root_of_mount(folder)), alone, os::Recursion::one));
    os::UniqueFd cover = BOX_TRY(os::make_filesystem(
            "tmpfs", "boxctl", {{"mode", "0755"}, {"size", "64k"}, {"nr_inodes", "16"}},
            MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
    BOX_TRY(os::attach_mount(cover, folder));
    return cover;
}

Result<void> name_socket(os::BorrowedFd listener, os::BorrowedFd folder) {
    sockaddr_un address = {AF_UNIX, "system_bus_socket"};
    umask(0177);  // root of the box, as which every client connects
    // By a relative name: a path through the box's tree might lead anywhere by now.
    if (fchdir(folder.get()) < 0 ||
        bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ||
        listen(listener.get(), kBacklog) < 0 || chdir("/") < 0) {
        return errno_error("put the system bus into place");
    }
    os::MountChange change;
    change.set = MOUNT_ATTR_RDONLY;
    return os::change_mount(folder, change, os::Recursion::one);
}

Result<void> run_program(const CompanionInput& input, const launch::ExecImage& image) {
    os::set_process_name("boxctl-companion");
    BOX_TRY(input.to_caller->expect(Step::tree_built));
    if (setsid() < 0) return errno_error("start a session");
    // The channel gets the number that box-init knows it by, and stays open at execve.
    if (dup2(input.channel.get(), kChannel) < 0) return errno_error("connect the companion");
    BOX_TRY(launch::reset_signals());
    const launch::ExecFault fault = launch::confine(image);
    if (fault.what != nullptr) return Error(fault.error, fault.what);
    BOX_TRY(input.to_caller->say(Step::confined));
    BOX_TRY(input.to_caller->expect(Step::execute));
    // Only now: whatever goes wrong before is still told by the link.
    BOX_TRY(launch::close_standard_fds());
    const char* const arguments[] = {"box-init", "--companion", nullptr};
    const char* const environment[] = {nullptr};
    execveat(input.program.get(), "", const_cast<char* const*>(arguments),
             const_cast<char* const*>(environment), AT_EMPTY_PATH);
    return errno_error("execute box-init");
}

[[noreturn]] void program_main(const CompanionInput& input, const launch::ExecImage& image) {
    const auto done = run_program(input, image);
    (void)input.to_caller->fail(done.error()).has_value();
    _exit(1);
}

Result<void> join(const CompanionInput& input) {
    os::set_process_name("boxctl-joiner");
    // Before the first step towards the box: nobody in it may look into this process (A4).
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the caller");
    const int leader = input.target->leader.get();
    const std::vector<int> kept = {input.to_caller->fd().get(), input.listener.get(),
                                   input.channel.get(), input.program.get()};
    std::vector<int> until_joined = kept;
    until_joined.push_back(leader);
    BOX_TRY(launch::close_others(until_joined));
    BOX_TRY(launch::replace_standard_fds());
    const plan::ProcessPlan process = {{}, {"box-init"}, {}, "/", {}};
    const plan::SecurityPlan security = {0, true, input.target->limits};
    const auto image = BOX_TRY(launch::prepare_exec(process, security, input.box->user_namespace));
    BOX_TRY(os::join_namespaces(input.target->leader, input.target->namespaces)
                    .context("enter the box"));
    BOX_TRY(launch::close_others(kept));
    BOX_TRY(launch::become_box_root());
    BOX_TRY(name_socket(input.listener, BOX_TRY(cover_bus_folder())));
    os::CloneRequest request;
    request.flags = CLONE_PARENT;
    const os::Cloned program = BOX_TRY(os::clone_process(request).context("start a process"));
    // --- The companion from here on: a process of the box. ---
    if (program.pid == 0) program_main(input, *image);
    return input.to_caller->say(Step::payload_born, program.pid, {program.pidfd.get()});
}

}  // namespace

void companion_main(const CompanionInput& input) {
    const auto done = join(input);
    if (done) _exit(0);
    (void)input.to_caller->fail(done.error()).has_value();
    _exit(1);
}

}  // namespace boxctl::shell
