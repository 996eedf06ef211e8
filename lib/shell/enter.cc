// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/enter.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/cgroup/apply.h"
#include "lib/cgroup/devices.h"
#include "lib/os/dismiss.h"
#include "lib/os/file.h"
#include "lib/os/message.h"
#include "lib/shell/inside.h"
#include "lib/shell/leaf.h"
#include "lib/shell/reaper.h"
#include "lib/shell/target.h"
#include "lib/shell/wait.h"

namespace boxctl::shell {
namespace {

using launch::Link;
using launch::Step;

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

/// Can an init enable controllers below?
Result<bool> offers_controllers(os::BorrowedFd payload) {
    const os::UniqueFd file = BOX_TRY(os::open_in(payload, "cgroup.controllers", O_RDONLY));
    return !trim(BOX_TRY(os::read_fd(file, 4096))).empty();
}

/// Makes the cgroup of the session; returns what to start in.
Result<os::UniqueFd> make_place(const state::Record& box, Place place, Session& session) {
    constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    if (box.cgroup.empty()) return os::UniqueFd();
    session.parent = BOX_TRY(os::open_host(box.cgroup, kDirectory));
    if (place == Place::beside_payload) {
        session.leaf = BOX_TRY(claim_leaf(session.parent));
        if (box.devices_restricted) {
            BOX_TRY(cgroup::restrict_leaf(session.parent, session.leaf.dir));
        }
        return os::duplicate(session.leaf.dir);
    }
    session.parent =
            BOX_TRY(os::open_in(session.parent, "payload", kDirectory, os::Follow::no_symlinks));
    if (place == Place::companion && !BOX_TRY(offers_controllers(session.parent)))
        return os::duplicate(session.parent);
    const char* const prefix = place == Place::companion ? "companion" : "session";
    // Not locked as claim_leaf() does it: the box can lock this directory for ever.
    session.leaf = BOX_TRY(cgroup::make_leaf(session.parent, prefix));
    return os::duplicate(session.leaf.dir);
}

constexpr uint64_t kReaperPatience = 200 * 1000;  // us

/// The joiner waits for nothing of the box's, but an administrator may have frozen its cgroup.
constexpr int kJoinerPatience = 2000;  // ms

Result<bool> readable(os::BorrowedFd fd, int milliseconds) {
    pollfd ready = {fd.get(), POLLIN, 0};
    const int count = poll(&ready, 1, milliseconds);
    if (count < 0 && errno != EINTR) return errno_error("wait for the box");
    return count > 0;
}

}  // namespace

Session& Session::operator=(Session&& other) noexcept {
    std::swap(pidfd, other.pidfd);
    std::swap(pid, other.pid);
    std::swap(reaper, other.reaper);
    std::swap(master, other.master);
    std::swap(parent, other.parent);
    std::swap(leaf, other.leaf);
    return *this;
}

Session::~Session() {
    os::dismiss(std::move(pidfd));
    if (reaper.valid()) {
        // It ends by itself once nothing is left to reap, as after a joiner that failed. When that
        // takes longer nobody waits for it.
        (void)wait_for_end(reaper, kReaperPatience).has_value();
        os::dismiss(std::move(reaper));
    }
    // Nobody is left to tell; what stays goes with the box.
    if (leaf.dir.valid()) (void)cgroup::remove_leaf(parent, leaf.name).has_value();
}

void Session::set_reaped() {
    pidfd.reset();
    reaper.reset();
}

Result<os::ExitStatus> Session::wait() {
    const os::ExitStatus status = BOX_TRY(os::wait_for(child()));
    set_reaped();
    return status;
}

Result<void> Session::kill() const {
    auto sent = os::send_signal(pidfd, SIGKILL);
    if (!sent && sent.error().code() == ESRCH) return {};
    return sent;
}

Result<void> Session::suspend() const {
    return leaf.dir.valid() ? cgroup::freeze(leaf.dir) : os::send_signal(pidfd, SIGSTOP);
}

Result<void> Session::resume() const {
    return leaf.dir.valid() ? cgroup::thaw(leaf.dir) : os::send_signal(pidfd, SIGCONT);
}

Joiner::~Joiner() {
    end();
}

/// It has nothing more to do, or nothing that anybody waits for. Not only waited for: whoever may
/// freeze its cgroup would make us wait as well, and a frozen process can still be killed.
void Joiner::end() {
    os::dismiss(std::move(pidfd_));
}

Result<Entering> Entering::begin(const EnterRequest& wanted) {
    return begin(wanted, true, Parent::caller);
}

Result<Entering> Entering::begin(const EnterRequest& wanted, bool waits, Parent parent) {
    EnterRequest request = wanted;
    BOX_TRY(check_passed(request.stdio));
    const auto act = [&](const Target& target, const Link& to_caller) {
        joiner_main({&target, &request, &to_caller, waits});
    };
    return begin(Joining{request.box, request.place, act, waits, parent});
}

Result<Entering> Entering::begin(const Joining& joining) {
    if (!os::single_threaded()) return Error("boxctl has threads: cannot enter a box");
    const Target target = BOX_TRY(open_target(joining.box));
    auto [near, far] = BOX_TRY(os::make_socket_pair());
    const Link theirs(std::move(far));
    Entering entering;
    entering.link_ = Link(std::move(near));
    entering.waits_ = joining.waits;
    const os::UniqueFd place = BOX_TRY(make_place(joining.box, joining.place, entering.session_));
    const auto start = [&]() -> Result<os::Cloned> {
        os::CloneRequest clone;
        clone.cgroup = place;
        os::Cloned joiner = BOX_TRY(os::clone_process(clone));
        if (joiner.pid != 0) return joiner;
        // --- The joiner from here on: host privileges until it has joined the box. ---
        joining.act(target, theirs);
        _exit(1);
    };
    if (joining.parent == Parent::reaper) {
        entering.session_.reaper = BOX_TRY(start_reaper(theirs, start));
    } else {
        entering.joiner_ = Joiner(BOX_TRY(start()).pidfd);
    }
    return entering;
}

Result<void> Entering::take_birth() {
    // It tells of its own failure, too.
    Link::Heard born = BOX_TRY(link_.expect(Step::payload_born));
    joiner_.end();
    if (born.fds.empty()) return Error(EPROTO, "enter the box");
    session_.pid = born.value;
    session_.pidfd = std::move(born.fds[0]);
    if (born.fds.size() > 1) session_.master = std::move(born.fds[1]);
    return link_.say(Step::tree_built);
}

Result<std::optional<Session>> Entering::advance() {
    while (BOX_TRY(readable(link_.fd(), 0))) {
        switch (stage_) {
            case Stage::birth:
                BOX_TRY(take_birth());
                stage_ = Stage::confinement;
                if (!waits_) return std::optional(std::move(session_));
                break;
            case Stage::confinement:
                BOX_TRY(link_.expect(Step::confined));
                BOX_TRY(link_.say(Step::execute));
                stage_ = Stage::execution;
                break;
            case Stage::execution:
                BOX_TRY(link_.expect_end());
                return std::optional(std::move(session_));
        }
    }
    return std::optional<Session>();
}

Session Entering::give_up() {
    joiner_.end();
    // It may have told of a birth that nobody has heard of yet.
    const auto told = readable(link_.fd(), 0);
    if (stage_ == Stage::birth && told && *told) (void)take_birth().has_value();
    return std::move(session_);
}

Result<Session> enter(const EnterRequest& request) {
    Entering entering = BOX_TRY(Entering::begin(request, true, Entering::Parent::reaper));
    for (;;) {
        auto session = BOX_TRY(entering.advance());
        if (session) return std::move(*session);
        BOX_TRY(readable(entering.fd(), -1));
    }
}

namespace {

Result<EnterRequest> root_request(const state::Record& box,
                                  const std::vector<std::string>& command) {
    if (command.empty()) return Error("no command to run in the box");
    EnterRequest request;
    request.box = box;
    request.account = Account::plain_root;
    request.command = command;
    request.directory.assign(1, '/');  // g++ 12 warns of an overlap in operator=(const char*)
    return request;
}

}  // namespace

Result<Session> start_inside(const state::Record& box, const std::vector<std::string>& command) {
    Entering entering = BOX_TRY(
            Entering::begin(BOX_TRY(root_request(box, command)), false, Entering::Parent::caller));
    if (!BOX_TRY(readable(entering.fd(), kJoinerPatience))) {
        return Error(ETIME, "enter the box; is it frozen?");
    }
    auto session = BOX_TRY(entering.advance());
    if (!session) return Error(EINTR, "enter the box");
    return std::move(*session);
}

Result<os::ExitStatus> run_inside(const state::Record& box,
                                  const std::vector<std::string>& command) {
    Session session = BOX_TRY(enter(BOX_TRY(root_request(box, command))));
    return session.wait();
}

}  // namespace boxctl::shell
