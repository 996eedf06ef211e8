// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/inside.h"

#include <algorithm>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/launch/child_steps.h"
#include "lib/os/file.h"
#include "lib/os/process.h"
#include "lib/os/pty.h"

namespace boxctl::shell {
namespace {

using launch::Step;

bool wants_terminal(const JoinerInput& input) {
    return std::find(input.stdio.begin(), input.stdio.end(), Stdio::terminal) != input.stdio.end();
}

/// While the host's /dev is still ours: what is not passed is replaced at once, so that no terminal
/// of the caller's ever gets into the box.
Result<void> drop_standard_descriptors(const JoinerInput& input) {
    const os::UniqueFd null = BOX_TRY(os::open_host("/dev/null", O_RDWR));
    for (int fd = 0; fd <= 2; fd++) {
        if (input.stdio[static_cast<size_t>(fd)] == Stdio::passed) continue;
        if (dup2(null.get(), fd) < 0) return errno_error("replace a standard descriptor");
    }
    return {};
}

/// A terminal of the box, owned by who will use it. /dev/pts is the box's to exchange: open_pty()
/// makes sure that what it finds there is a terminal.
Result<os::PtyPair> open_terminal(const JoinerInput& input) {
    if (!wants_terminal(input)) return os::PtyPair();
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    const os::UniqueFd devpts = BOX_TRY(os::open_in(root, "/dev/pts", O_PATH | O_DIRECTORY));
    os::PtyPair pty = BOX_TRY(os::open_pty(devpts));
    if (input.size) BOX_TRY(os::set_window_size(pty.slave, *input.size));
    if (input.image->uid != 0 && (fchown(pty.slave.get(), input.image->uid, gid_t(-1)) < 0 ||
                                  fchmod(pty.slave.get(), 0620) < 0)) {
        return errno_error("hand the terminal over");
    }
    return pty;
}

/// A session of its own: no terminal of the host's is this process's any more.
Result<void> connect(const JoinerInput& input, os::BorrowedFd slave) {
    if (setsid() < 0) return errno_error("start a session");
    if (slave.get() < 0) return {};
    if (ioctl(slave.get(), TIOCSCTTY, 0) < 0) return errno_error("take the terminal");
    for (int fd = 0; fd <= 2; fd++) {
        if (input.stdio[static_cast<size_t>(fd)] != Stdio::terminal) continue;
        if (dup2(slave.get(), fd) < 0) return errno_error("connect the terminal");
    }
    return {};
}

Result<void> prepare(const JoinerInput& input, const os::PtyPair& pty) {
    os::set_process_name("boxctl-program");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the caller");
    BOX_TRY(launch::close_others({input.to_caller->fd().get(), pty.slave.get()}));
    // The caller says this once it knows of us, so a caller that has gone is noticed here.
    BOX_TRY(input.to_caller->expect(Step::tree_built));
    BOX_TRY(connect(input, pty.slave));
    auto entered = launch::enter_directory(input.directory);
    if (!entered && input.directory_needed) return entered;
    umask(022);
    return launch::reset_signals();
}

Error execute_error(const JoinerInput& input, const launch::ExecFault& fault) {
    Error error(fault.error, "execute " + quote(input.image->arguments.front()));
    error.set_exit_code(fault.error == ENOENT ? 127 : 126);
    return error;
}

Result<void> run_program(const JoinerInput& input, const os::PtyPair& pty) {
    BOX_TRY(prepare(input, pty));
    const launch::ExecFault fault = launch::confine(*input.image);
    if (fault.what != nullptr) return Error(fault.error, fault.what);
    if (input.caller_waits) {
        BOX_TRY(input.to_caller->say(Step::confined));
        BOX_TRY(input.to_caller->expect(Step::execute));
    }
    return execute_error(input, launch::execute(*input.image));
}

[[noreturn]] void program_main(const JoinerInput& input, const os::PtyPair& pty) {
    const auto done = run_program(input, pty);
    // Reached only without an execve. The exit status says it as well, to a caller that left.
    (void)input.to_caller->fail(done.error()).has_value();
    _exit(done.error().exit_code());
}

Result<void> join(const JoinerInput& input) {
    os::set_process_name("boxctl-joiner");
    // Before the first step towards the box: nobody in it may look into this process (A4).
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    const int leader = input.target->leader.get();
    const int link = input.to_caller->fd().get();
    BOX_TRY(launch::close_others({link, leader}));
    BOX_TRY(drop_standard_descriptors(input));
    // As long as we may raise them: in the box a hard limit only goes down.
    const int limited =
            security::apply_limits(input.image->limits.data(), input.image->limits.size());
    if (limited != 0) return Error(-limited, "set resource limits");
    BOX_TRY(os::join_namespaces(input.target->leader, input.target->namespaces)
                    .context("enter the box"));
    BOX_TRY(launch::close_others({link}));
    BOX_TRY(launch::become_box_root());
    const os::PtyPair pty = BOX_TRY(open_terminal(input));
    os::CloneRequest request;
    request.flags = CLONE_PARENT;
    const os::Cloned program = BOX_TRY(os::clone_process(request).context("start a process"));
    // --- The program from here on: a process of the box. ---
    if (program.pid == 0) program_main(input, pty);
    std::vector<int> fds = {program.pidfd.get()};
    if (pty.master.valid()) fds.push_back(pty.master.get());
    return input.to_caller->say(Step::payload_born, 0, fds);
}

}  // namespace

void joiner_main(const JoinerInput& input) {
    const auto done = join(input);
    if (done) _exit(0);
    (void)input.to_caller->fail(done.error()).has_value();
    _exit(done.error().exit_code());
}

}  // namespace boxctl::shell
