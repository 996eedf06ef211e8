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
#include "lib/launch/exec_image.h"
#include "lib/os/file.h"
#include "lib/os/process.h"
#include "lib/os/pty.h"
#include "lib/shell/keeper.h"
#include "lib/shell/login_line.h"
#include "lib/shell/login_record.h"
#include "lib/shell/program.h"

namespace boxctl::shell {
namespace {

using launch::Step;

/// What the program will be, found out by the joiner while it still is outside.
struct Prepared {
    plan::ProcessPlan process;
    plan::SecurityPlan security;
    std::unique_ptr<launch::ExecImage> image;
    std::string user;
};

bool uses(const EnterRequest& request, Stdio kind) {
    return std::find(request.stdio.begin(), request.stdio.end(), kind) != request.stdio.end();
}

/// Those of the caller's descriptors that the joiner needs.
std::vector<int> wanted_fds(const JoinerInput& input) {
    std::vector<int> fds = {input.to_caller->fd().get(), input.target->leader.get()};
    for (const os::BorrowedFd fd : input.request->given)
        fds.push_back(fd.get());
    return fds;
}

/// While the host's /dev is still ours: what is not passed is replaced at once, so that no terminal
/// of the caller's ever gets into the box.
Result<void> set_standard_descriptors(const EnterRequest& request) {
    const os::UniqueFd null = BOX_TRY(os::open_host("/dev/null", O_RDWR));
    for (int fd = 0; fd <= 2; fd++) {
        const auto index = static_cast<size_t>(fd);
        if (request.stdio[index] == Stdio::passed) continue;
        const os::BorrowedFd source =
                request.stdio[index] == Stdio::given ? request.given[index] : os::BorrowedFd(null);
        if (dup2(source.get(), fd) < 0) return errno_error("replace a standard descriptor");
    }
    return {};
}

Result<host::UserEntry> find_account(const JoinerInput& input) {
    if (input.request->account == Account::plain_root) return host::UserEntry();
    return find_user(input.request->box, *input.target, input.request->user);
}

/// What the box's own processes may do, and no more.
Result<plan::SecurityPlan> plan_security(const JoinerInput& input) {
    const state::Record& box = input.request->box;
    plan::SecurityPlan security = {box.capabilities, box.no_new_privileges, input.target->limits};
    for (const std::string& text : box.system_calls) {
        const auto calls = BOX_TRY(security::parse_call_wishes(text));
        security.calls.allowed.insert(security.calls.allowed.end(), calls.allowed.begin(),
                                      calls.allowed.end());
        security.calls.denied.insert(security.calls.denied.end(), calls.denied.begin(),
                                     calls.denied.end());
    }
    if (!box.address_families.empty()) {
        security.families = BOX_TRY(security::parse_families(box.address_families)).families();
    }
    return security;
}

Result<Prepared> prepare_program(const JoinerInput& input) {
    const state::Record& box = input.request->box;
    Prepared prepared;
    const host::UserEntry account = BOX_TRY(find_account(input));
    prepared.user = account.name;
    prepared.process = plan_program(*input.request, account);
    prepared.security = BOX_TRY(plan_security(input));
    prepared.image =
            BOX_TRY(launch::prepare_exec(prepared.process, prepared.security, box.user_namespace));
    return prepared;
}

Result<void> own_terminal(os::BorrowedFd terminal, uid_t uid) {
    if (uid != 0 &&
        (fchown(terminal.get(), uid, gid_t(-1)) < 0 || fchmod(terminal.get(), 0620) < 0)) {
        return errno_error("hand the terminal over");
    }
    return {};
}

/// The devpts of the box. /dev/pts is the box's to exchange, for another devpts of its own: those
/// of the host are out of its reach.
Result<os::UniqueFd> open_devpts(os::BorrowedFd root) {
    os::UniqueFd devpts = BOX_TRY(os::open_in(root, "/dev/pts", O_PATH | O_DIRECTORY));
    if (!BOX_TRY(os::is_devpts(devpts))) return Error("/dev/pts of the box is no devpts");
    return devpts;
}

/// E1: a terminal of the host's would let the box push input into it. A directory leads on to other
/// files of the host (A2).
Result<void> check_given(const EnterRequest& request, os::BorrowedFd root) {
    for (int fd = 0; fd <= 2; fd++) {
        if (request.stdio[static_cast<size_t>(fd)] != Stdio::given) continue;
        const struct stat status = BOX_TRY(os::status_of(os::BorrowedFd(fd)));
        const int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || S_ISDIR(status.st_mode) || (flags & O_PATH) != 0) {
            return Error(format("descriptor %d is a directory, which leads out of the box", fd));
        }
        if (isatty(fd) != 1) continue;
        const os::UniqueFd devpts = BOX_TRY(open_devpts(root));
        if (!BOX_TRY(os::is_pty_slave_of(os::BorrowedFd(fd), devpts))) {
            Error error(format("descriptor %d is a terminal that is not the box's", fd));
            error.set_hint("use --pty instead of --pipe");
            return error;
        }
    }
    return {};
}

/// The first terminal among what was given; a descriptor of its own, not open where there is none.
Result<os::UniqueFd> given_terminal(const EnterRequest& request) {
    for (int fd = 0; fd <= 2; fd++) {
        const bool given = request.stdio[static_cast<size_t>(fd)] == Stdio::given;
        if (given && isatty(fd) == 1) return os::duplicate(os::BorrowedFd(fd));
    }
    return os::UniqueFd();
}

/// The terminal of the program: a new one, one of the box's, or what was given.
Result<os::PtyPair> open_terminal(const JoinerInput& input, uid_t uid) {
    const EnterRequest& request = *input.request;
    os::PtyPair pty;
    if (!has_terminal(request)) return pty;
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    if (uses(request, Stdio::terminal)) {
        pty = BOX_TRY(os::open_pty(BOX_TRY(open_devpts(root))));
        if (request.size) BOX_TRY(os::set_window_size(pty.slave, *request.size));
    } else if (uses(request, Stdio::line)) {
        const os::UniqueFd devpts = BOX_TRY(open_devpts(root));
        const std::string line =
                request.login ? BOX_TRY(make_login_line(request.line)) : request.line;
        const os::UniqueFd shown = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
        pty.slave = BOX_TRY(os::open_in(shown, line, O_RDWR));
        if (!BOX_TRY(os::is_pty_slave_of(pty.slave, devpts))) {
            return Error(quote(request.line) + " is no terminal of the box");
        }
    } else {
        pty.slave = BOX_TRY(given_terminal(request));
    }
    BOX_TRY(own_terminal(pty.slave, uid));
    return pty;
}

/// A session of its own: no terminal of the host's is this process's any more.
Result<void> connect(const EnterRequest& request, os::BorrowedFd slave) {
    if (setsid() < 0) return errno_error("start a session");
    if (slave.get() < 0) return {};
    if (ioctl(slave.get(), TIOCSCTTY, 0) < 0) return errno_error("take the terminal");
    for (int fd = 0; fd <= 2; fd++) {
        const Stdio kind = request.stdio[static_cast<size_t>(fd)];
        if (kind != Stdio::terminal && kind != Stdio::line) continue;
        if (dup2(slave.get(), fd) < 0) return errno_error("connect the terminal");
    }
    return {};
}

Result<void> prepare(const JoinerInput& input, const Prepared& prepared, const os::PtyPair& pty) {
    const EnterRequest& request = *input.request;
    os::set_process_name("boxctl-program");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the caller");
    BOX_TRY(launch::close_others({input.to_caller->fd().get(), pty.slave.get()}));
    // The caller says this once it knows of us, so a caller that has gone is noticed here.
    BOX_TRY(input.to_caller->expect(Step::tree_built));
    BOX_TRY(connect(request, pty.slave));
    const bool fallback = request.directory.empty() || request.directory_optional;
    auto entered = launch::enter_directory(prepared.process.directory);
    if (!entered && !fallback) return entered;
    umask(022);
    return {};
}

/// Signals last: a keeper has blocked them, and the program starts with none blocked.
Result<void> prepare_signals(const EnterRequest& request) {
    BOX_TRY(launch::reset_signals());
    return request.ignore_sigpipe ? os::ignore_signal(SIGPIPE) : Result<void>();
}

/// A box that does not let itself be told has fewer names in its list, and its session all the
/// same.
LoginRecord record_login(const JoinerInput& input, const Prepared& prepared,
                         os::BorrowedFd terminal) {
    if (!input.request->record_login) return {};
    const auto root = os::open_host("/", O_PATH | O_DIRECTORY);
    auto record = root ? LoginRecord::write(*root, terminal, prepared.user) : root.error();
    return record ? std::move(*record) : LoginRecord();
}

Result<void> confine(const Prepared& prepared) {
    const launch::ExecFault fault = launch::confine(*prepared.image);
    return fault.what == nullptr ? Result<void>() : Error(fault.error, fault.what);
}

Result<void> run_program(const JoinerInput& input, const Prepared& prepared,
                         const os::PtyPair& pty) {
    BOX_TRY(prepare(input, prepared, pty));
    if (pty.slave.valid() && input.request->leads == Leads::keeper) {
        const LoginRecord login = record_login(input, prepared, pty.slave);
        if (BOX_TRY(split_from_keeper()) == Role::keeper) {
            // It may do no more than the program; when it cannot be held to that, the program ends
            // with it.
            if (!confine(prepared)) _exit(1);
            keep(pty.slave, login);
        }
    }
    BOX_TRY(prepare_signals(*input.request));
    BOX_TRY(confine(prepared));
    if (input.caller_waits) {
        BOX_TRY(input.to_caller->say(Step::confined));
        BOX_TRY(input.to_caller->expect(Step::execute));
    }
    return launch::execute_error(prepared.image->arguments.front(),
                                 launch::execute(*prepared.image));
}

[[noreturn]] void program_main(const JoinerInput& input, const Prepared& prepared,
                               const os::PtyPair& pty) {
    const auto done = run_program(input, prepared, pty);
    // Reached only without an execve. The exit status says it as well, to a caller that left.
    (void)input.to_caller->fail(done.error()).has_value();
    _exit(done.error().exit_code());
}

Error explain_full(Error error) {
    if (error.code() == EAGAIN) error.set_hint("the box has as many processes as it may have");
    return error;
}

Result<void> join(const JoinerInput& input) {
    os::set_process_name("boxctl-joiner");
    // Before the first step towards the box: nobody in it may look into this process (A4).
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the caller");
    const int leader = input.target->leader.get();
    const int link = input.to_caller->fd().get();
    BOX_TRY(launch::close_others(wanted_fds(input)));
    BOX_TRY(set_standard_descriptors(*input.request));
    BOX_TRY(launch::close_others({link, leader}));
    const Prepared prepared = BOX_TRY(prepare_program(input));
    // As long as we may raise them: in the box a hard limit only goes down.
    const launch::ExecImage& image = *prepared.image;
    const int limited = security::apply_limits(image.limits.data(), image.limits.size());
    if (limited != 0) return Error(-limited, "set resource limits");
    BOX_TRY(os::join_namespaces(input.target->leader, input.target->namespaces)
                    .context("enter the box"));
    BOX_TRY(launch::close_others({link}));
    BOX_TRY(launch::become_box_root());
    BOX_TRY(check_given(*input.request, BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY))));
    const os::PtyPair pty = BOX_TRY(open_terminal(input, image.uid));
    os::CloneRequest request;
    request.flags = CLONE_PARENT;
    auto cloned = os::clone_process(request).context("start a process");
    if (!cloned) return explain_full(std::move(cloned).error());
    const os::Cloned program = std::move(*cloned);
    // --- The program from here on: a process of the box. ---
    if (program.pid == 0) program_main(input, prepared, pty);
    std::vector<int> fds = {program.pidfd.get()};
    if (pty.master.valid()) fds.push_back(pty.master.get());
    return input.to_caller->say(Step::payload_born, program.pid, fds);
}

}  // namespace

void joiner_main(const JoinerInput& input) {
    const auto done = join(input);
    if (done) _exit(0);
    (void)input.to_caller->fail(done.error()).has_value();
    _exit(done.error().exit_code());
}

}  // namespace boxctl::shell
