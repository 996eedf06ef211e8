// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/unit.h"

#include <signal.h>
#include <time.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/signal.h"
#include "lib/os/file.h"

namespace boxctl::endpoint {
namespace {

Unit::Moment now() {
    timespec realtime = {};
    clock_gettime(CLOCK_REALTIME, &realtime);
    return {static_cast<uint64_t>(realtime.tv_sec) * 1000000 +
                    static_cast<uint64_t>(realtime.tv_nsec) / 1000,
            event::now_us()};
}

}  // namespace

Unit::Unit(event::Loop& loop, const state::Record& box, shell::Leaves& leaves, UnitRequest request,
           Events events)
        : loop_(loop),
          box_(box),
          leaves_(leaves),
          request_(std::move(request)),
          events_(std::move(events)) {
}

shell::EnterRequest Unit::enter_request(const std::vector<os::UniqueFd>& fds) const {
    shell::EnterRequest enter;
    enter.box = box_;
    enter.user = request_.user;
    enter.command = request_.command;
    if (os::is_absolute(request_.path)) enter.candidates = {request_.path};
    enter.environment = request_.environment;
    enter.directory = request_.home ? "" : request_.directory.empty() ? "/" : request_.directory;
    enter.directory_optional = request_.directory_optional;
    for (size_t i = 0; i < fds.size() && i < 64; i++) {
        for (size_t k = 0; k < 3; k++) {
            if (request_.fds[k] != static_cast<int>(i)) continue;
            enter.stdio[k] = shell::Stdio::given;
            enter.given[k] = fds[i];
        }
    }
    const bool none = request_.fds == std::array<int, 3>{-1, -1, -1};
    if (none && !request_.terminal.empty()) {
        enter.stdio.fill(shell::Stdio::line);
        enter.line = request_.terminal;
        enter.login = request_.leads_itself;
    }
    if (request_.rows || request_.columns) {
        enter.size = winsize{request_.rows.value_or(0), request_.columns.value_or(0), 0, 0};
    }
    enter.place = shell::Place::in_payload;
    enter.leads = request_.leads_itself ? shell::Leads::program : shell::Leads::keeper;
    enter.record_login = request_.record_login && !request_.leads_itself;
    enter.ignore_sigpipe = request_.ignore_sigpipe;
    return enter;
}

Result<void> Unit::start(const std::vector<os::UniqueFd>& fds) {
    entering_ = BOX_TRY(shell::Entering::begin(enter_request(fds)));
    source_ = BOX_TRY(loop_.add_io(entering_->fd(), EPOLLIN, [this](uint32_t) { on_entering(); }));
    patience_ = loop_.add_timer(event::now_us() + kPatience, [this] {
        fail_to_start(Error("the box did not let the program start within 10 s"));
    });
    begun_ = now();
    return {};
}

void Unit::on_entering() {
    auto session = entering_->advance();
    if (!session) return fail_to_start(session.error());
    if (*session) on_started(std::move(**session));
}

void Unit::fail_to_start(const Error& error) {
    patience_.reset();
    source_.reset();
    if (entering_) leaves_.take(entering_->give_up(), shell::Leaves::Rest::kill);
    if (session_) leaves_.take(std::move(*session_), shell::Leaves::Rest::kill);
    entering_.reset();
    session_.reset();
    never_began_ = true;
    ended_ = now();
    state_ = State::dead;
    events_.started(*this, error);
}

void Unit::on_started(shell::Session session) {
    patience_.reset();
    source_.reset();
    entering_.reset();
    session_ = std::move(session);
    pid_ = session_->pid;
    leaf_ = session_->leaf.name;
    auto source =
            loop_.add_child(session_->pidfd, [this](os::ExitStatus status) { on_ended(status); });
    if (!source) return fail_to_start(source.error());
    source_ = std::move(source).value();
    state_ = State::running;
    events_.started(*this, Result<void>());
}

void Unit::on_ended(os::ExitStatus status) {
    source_.reset();
    session_->pidfd.reset();  // reaped
    status_ = status;
    ended_ = now();
    end_rest();
}

bool Unit::has_rest() const {
    return session_ && session_->leaf.dir.valid() &&
           (request_.kill_mode == KillMode::mixed || request_.kill_mode == KillMode::control_group);
}

/// The program has ended: now for what it left behind.
void Unit::end_rest() {
    if (!has_rest()) return finish();
    auto events = cgroup::open_events(session_->leaf.dir);
    if (!events) return finish();
    rest_ = std::move(events).value();
    auto source = loop_.add_io(rest_, EPOLLPRI, [this](uint32_t) { wait_for_rest(); });
    if (!source) return finish();
    rest_source_ = std::move(source).value();
    if (request_.kill_mode == KillMode::mixed || state_ == State::stopping) {
        kill_rest();
    } else {
        // What cannot be listed is killed in a moment all the same.
        (void)cgroup::signal_all(session_->leaf.dir, request_.kill_signal).has_value();
        if (request_.send_hangup) (void)cgroup::signal_all(session_->leaf.dir, SIGHUP).has_value();
        patience_ = loop_.add_timer(event::now_us() + kPatience, [this] { kill_rest(); });
    }
    wait_for_rest();
}

void Unit::wait_for_rest() {
    const auto populated = cgroup::populated(rest_);
    if (!populated || !*populated) return finish();
    if (state_ != State::stopping) change(State::stopping);
}

void Unit::kill_rest() {
    const auto killed = cgroup::kill_all(session_->leaf.dir);
    if (!killed) log::debug(killed.error().message());
    // A process that is stuck in the kernel stays; nobody waits for it any longer.
    patience_ = loop_.add_timer(event::now_us() + event::kSecond, [this] { finish(); });
}

void Unit::finish() {
    patience_.reset();
    rest_source_.reset();
    rest_.reset();
    if (session_) leaves_.take(std::move(*session_), shell::Leaves::Rest::leave);
    session_.reset();
    // A request to stop ends also what remains only in name.
    const bool remains = request_.remain_after_exit && !failed() && state_ != State::stopping;
    change(remains ? State::exited : State::dead);
}

void Unit::change(State state) {
    state_ = state;
    events_.changed(*this);
}

void Unit::stop() {
    if (state_ == State::exited) return change(State::dead);
    if (state_ == State::starting) return fail_to_start(Error("stopped before it began"));
    if (state_ != State::running) return;
    change(State::stopping);
    const bool all = request_.kill_mode == KillMode::control_group;
    (void)signal(request_.kill_signal, all).has_value();
    if (request_.send_hangup) (void)signal(SIGHUP, all).has_value();
    patience_ = loop_.add_timer(event::now_us() + kPatience, [this] {
        if (session_) (void)session_->kill().has_value();
    });
}

Result<void> Unit::signal(int number, bool all) {
    if (!session_) return Error(ESRCH, "send a signal to " + quote(request_.name));
    if (all && session_->leaf.dir.valid()) return cgroup::signal_all(session_->leaf.dir, number);
    if (!session_->pidfd.valid()) return Error(ESRCH, "send a signal to " + quote(request_.name));
    return os::send_signal(session_->pidfd, number);
}

bool Unit::failed() const {
    return never_began_ ||
           (status_ && status_->shell_code() != 0 && !request_.ignore_failure && !asked_to_end());
}

/// The signals that a service is allowed to end by (systemd.service(5), SuccessExitStatus=).
bool Unit::asked_to_end() const {
    return status_->signal == SIGTERM || status_->signal == SIGHUP || status_->signal == SIGINT ||
           status_->signal == SIGPIPE;
}

const char* Unit::result() const {
    if (never_began_) return "resources";
    if (!failed()) return "success";
    return status_->signal != 0 ? "signal" : "exit-code";
}

}  // namespace boxctl::endpoint
