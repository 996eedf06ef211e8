// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/enter.h"

#include <algorithm>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/cgroup/apply.h"
#include "lib/launch/exec_image.h"
#include "lib/launch/protocol.h"
#include "lib/os/file.h"
#include "lib/os/message.h"
#include "lib/plan/environment.h"
#include "lib/plan/plan.h"
#include "lib/shell/inside.h"
#include "lib/shell/leaf.h"
#include "lib/shell/target.h"

namespace boxctl::shell {
namespace {

using launch::Link;
using launch::Step;

plan::ProcessPlan plan_process(const EnterRequest& request, const host::UserEntry& user) {
    plan::Environment environment;
    environment.set("PATH", plan::kPath);
    environment.set("container", "boxctl");
    const bool terminal = std::find(request.stdio.begin(), request.stdio.end(), Stdio::terminal) !=
                          request.stdio.end();
    if (terminal) environment.set("TERM", request.term.empty() ? "linux" : request.term);
    environment.set("HOME", user.home);
    environment.set("USER", user.name);
    environment.set("LOGNAME", user.name);
    environment.set("SHELL", user.shell);
    for (const std::string& variable : request.environment) {
        const size_t name = variable.find('=');
        environment.set(variable.substr(0, name), variable.substr(name + 1));
    }
    plan::ProcessPlan process;
    process.user = user;
    process.directory = request.directory.empty() ? user.home : request.directory;
    if (request.command.empty()) {
        process.candidates = {user.shell, "/bin/sh"};
        process.arguments = {"-" + os::split_path(user.shell).second};
    } else {
        process.arguments = request.command;
        process.candidates = plan::search_path(request.command.front(), environment.get("PATH"),
                                               process.directory);
    }
    process.environment = std::move(environment).take();
    return process;
}

/// What is passed must be the caller's own, and nothing that leads out of the box.
Result<void> check_passed(std::array<Stdio, 3>& stdio) {
    for (int fd = 0; fd <= 2; fd++) {
        Stdio& kind = stdio[static_cast<size_t>(fd)];
        if (kind != Stdio::passed) continue;
        const int flags = fcntl(fd, F_GETFD);
        // Closed by the caller; or opened by ourselves since, which nobody may get.
        if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
            kind = Stdio::null;
            continue;
        }
        if (isatty(fd) == 1) return Error(format("descriptor %d is a terminal of the host", fd));
        const struct stat status = BOX_TRY(os::status_of(os::BorrowedFd(fd)));
        if (S_ISDIR(status.st_mode)) {
            return Error(format("descriptor %d is a directory of the host", fd));
        }
    }
    return {};
}

/// The joiner waits for nothing of the box's, but an administrator may have frozen its cgroup.
constexpr int kJoinerPatience = 2000;  // ms

Result<Link::Heard> hear_birth(const Link& link, bool wait) {
    if (!wait) {
        pollfd ready = {link.fd().get(), POLLIN, 0};
        const int count = poll(&ready, 1, kJoinerPatience);
        if (count < 0) return errno_error("wait for the box");
        if (count == 0) return Error(ETIME, "enter the box; is it frozen?");
    }
    return link.expect(Step::payload_born);
}

/// The joiner, from its clone until it is reaped.
Result<void> start_joiner(const JoinerInput& input, Session& session, Link& ours, Link& theirs) {
    os::CloneRequest request;
    if (session.machine.valid()) {
        session.leaf = BOX_TRY(claim_leaf(session.machine));
        request.cgroup = session.leaf.dir;
    }
    const os::Cloned joiner = BOX_TRY(os::clone_process(request));
    // --- The joiner from here on. ---
    if (joiner.pid == 0) joiner_main(input);
    theirs.close();
    auto born = hear_birth(ours, input.caller_waits);
    if (!born) {
        // It tells of its own failure and exits; waiting for that is not waiting for the box.
        (void)os::send_signal(joiner.pidfd, SIGKILL).has_value();
    }
    BOX_TRY(os::wait_for(joiner.pidfd));
    if (!born) return std::move(born).error();
    if (born->fds.empty()) return Error(EPROTO, "enter the box");
    session.pidfd = std::move(born->fds[0]);
    if (born->fds.size() > 1) session.master = std::move(born->fds[1]);
    return {};
}

Result<Session> start(EnterRequest request, const host::UserEntry& user, const Target& target,
                      bool wait) {
    if (!os::single_threaded()) return Error("boxctl has threads: cannot enter a box");
    BOX_TRY(check_passed(request.stdio));
    const plan::ProcessPlan process = plan_process(request, user);
    const plan::SecurityPlan security = {request.box.capabilities, request.box.no_new_privileges,
                                         target.limits};
    const auto image = BOX_TRY(launch::prepare_exec(process, security, request.box.user_namespace));
    auto [near, far] = BOX_TRY(os::make_socket_pair());
    Link ours(std::move(near));
    Link theirs(std::move(far));
    JoinerInput input;
    input.target = &target;
    input.image = image.get();
    input.to_caller = &theirs;
    input.stdio = request.stdio;
    input.size = request.size;
    input.directory = process.directory;
    input.directory_needed = !request.directory.empty();
    input.caller_waits = wait;
    Session session;
    if (!request.box.cgroup.empty()) {
        session.machine =
                BOX_TRY(os::open_host(request.box.cgroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }
    BOX_TRY(start_joiner(input, session, ours, theirs));
    BOX_TRY(ours.say(Step::tree_built));
    if (!wait) return session;
    BOX_TRY(ours.expect(Step::confined));
    BOX_TRY(ours.say(Step::execute));
    BOX_TRY(ours.expect_end());
    return session;
}

Result<Session> start_command(const state::Record& box, const std::vector<std::string>& command,
                              bool wait) {
    if (command.empty()) return Error("no command to run in the box");
    EnterRequest request;
    request.box = box;
    request.command = command;
    request.directory = "/";
    const Target target = BOX_TRY(open_target(box));
    return start(std::move(request), host::UserEntry(), target, wait);
}

}  // namespace

Session& Session::operator=(Session&& other) noexcept {
    std::swap(pidfd, other.pidfd);
    std::swap(master, other.master);
    std::swap(machine, other.machine);
    std::swap(leaf, other.leaf);
    return *this;
}

Session::~Session() {
    if (pidfd.valid()) {
        (void)kill().has_value();
        (void)wait().has_value();
    }
    // Nobody is left to tell; what stays goes with the box.
    if (leaf.dir.valid()) (void)cgroup::remove_leaf(machine, leaf.name).has_value();
}

Result<os::ExitStatus> Session::wait() {
    const os::ExitStatus status = BOX_TRY(os::wait_for(pidfd));
    pidfd.reset();
    return status;
}

Result<void> Session::kill() const {
    auto sent = os::send_signal(pidfd, SIGKILL);
    if (!sent && sent.error().code() == ESRCH) return {};
    return sent;
}

Result<Session> enter(const EnterRequest& request) {
    const Target target = BOX_TRY(open_target(request.box));
    const host::UserEntry user = BOX_TRY(find_user(request.box, target, request.user));
    return start(request, user, target, true);
}

Result<Session> start_inside(const state::Record& box, const std::vector<std::string>& command) {
    return start_command(box, command, false);
}

Result<os::ExitStatus> run_inside(const state::Record& box,
                                  const std::vector<std::string>& command) {
    Session session = BOX_TRY(start_command(box, command, true));
    return session.wait();
}

}  // namespace boxctl::shell
