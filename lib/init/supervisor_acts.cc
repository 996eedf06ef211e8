// SPDX-License-Identifier: LGPL-2.1-or-later
// What is done for a service when the crew says so.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/init/file.h"
#include "lib/init/policy.h"
#include "lib/init/supervisor.h"
#include "lib/init/text.h"
#include "lib/init/watch.h"

namespace boxctl::init {

namespace {

/// How often what is being killed is looked at and killed again. Milliseconds.
constexpr int64_t kKillAgain = 200;
constexpr int kOwnError = 125;

int64_t in(int64_t time) {
    return time < 0 ? kNoTime : monotonic_now() + time;
}

void forget_misses(Worker& worker) {
    worker.misses = 0;
    worker.tried = kNoTime;
    worker.keeps_failing = false;
}

void close_fd(int& fd) {
    if (fd >= 0) (void)close(fd);
    fd = -1;
}

void add_count(Line& line, uint32_t count, const char* what) {
    if (count != 0) line.add(", ").add(int64_t{count}).add(what);
}

}  // namespace

void Supervisor::carry(uint32_t index, ServiceEvent event) {
    const ServiceState before = crew_.state(index);
    const ServiceAct what = crew_.feed(index, event);
    const bool moved = crew_.state(index) != before;
    if (moved) {
        workers_[index].since = monotonic_now();
        workers_[index].deadline = kNoTime;
    }
    const ServiceState now = crew_.state(index);
    act(index, what);
    // An act that fails at once has moved it on, and said so.
    if (moved && crew_.state(index) == now) tell_change(index);
}

void Supervisor::act(uint32_t index, ServiceAct what) {
    switch (what) {
        case ServiceAct::none:
        case ServiceAct::note_again:
        case ServiceAct::note_off:
            return;
        case ServiceAct::launch:
            return start(index);
        case ServiceAct::announce:
            return announce(index);
        case ServiceAct::ask_stop:
        case ServiceAct::ask_renew:
        case ServiceAct::ask_failed:
            return ask_stop(index);
        case ServiceAct::kill_rest:
        case ServiceAct::kill_failed:
            return kill_all_of(index);
        case ServiceAct::pause:
            return pause(index);
        case ServiceAct::settle:
            return settle(index);
    }
}

bool Supervisor::open_ready_pipe(uint32_t index, Launch& request) {
    const Service& service = services_.list[index];
    if (service.ready.kind != ProbeKind::descriptor) return true;
    int pipe[2] = {-1, -1};
    if (pipe2(pipe, O_CLOEXEC) < 0) return false;
    workers_[index].ready = pipe[0];
    request.ready_pipe = pipe[1];
    request.ready_number = service.ready.descriptor;
    return fcntl(pipe[0], F_SETFL, O_NONBLOCK) == 0 && watch(pipe[0], watch_ready, index, EPOLLIN);
}

void Supervisor::start(uint32_t index) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    worker.was_up = false;
    worker.status = 0;
    worker.told[0] = '\0';
    ++worker.starts;
    worker.started = monotonic_now();
    if (worker.tried == kNoTime) worker.tried = worker.started;
    Launch request;
    request.service = &service;
    request.command = service.start;
    request.environment = worker.environment.plain();
    request.signals = &inherited_;
    request.log = worker.log_out;
    request.leaf = worker.leaf;
    Launched launched = {0, "make its Ready= pipe", EMFILE};
    if (open_ready_pipe(index, request)) launched = launch(request);
    close_fd(request.ready_pipe);
    if (launched.pid > 0) worker.main = worker.group = launched.pid;
    if (launched.what != nullptr) {
        Line line = message();
        line.add(service.name).add(": ").add(launched.what);
        if (launched.pid > 0) line.add(" ").quoted(service.start[0]);
        say(Level::error, line.add(": ").add(errno_text(launched.error)));
        worker.status = launched.error == ENOENT ? 127 : launched.pid > 0 ? 126 : kOwnError;
        if (launched.pid == 0) return carry(index, ServiceEvent::launch_failed);
        return;  // its end is reaped like any other
    }
    worker.deadline = in(service.start_timeout);
    worker.environment.set_main(worker.main);
    if (service.type == ServiceType::simple && service.ready.kind == ProbeKind::none) {
        carry(index, ServiceEvent::ready);
    } else if (probe_of(index).kind != ProbeKind::none) {
        worker.probe.next = monotonic_now();
    }
}

void Supervisor::announce(uint32_t index) {
    Worker& worker = workers_[index];
    worker.was_up = true;
    forget_misses(worker);
    end_question(index);
    worker.probe.failures = 0;
    const Service& service = services_.list[index];
    worker.probe.next =
            service.health.kind != ProbeKind::none ? in(service.health_interval) : kNoTime;
}

void Supervisor::ask_stop(uint32_t index) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    end_question(index);
    worker.deadline = in(service.stop_timeout);
    if (service.stop != nullptr && worker.main > 0) {
        Launch request;
        request.service = &service;
        request.command = service.stop;
        request.environment = worker.environment.for_stop;
        request.signals = &inherited_;
        request.log = worker.log_out;
        request.leaf = worker.leaf;
        const Launched launched = launch(request);
        worker.stopper = launched.pid;
        if (launched.what == nullptr) return;
        Line line = message();
        line.add(service.name).add(": ExecStop: ").add(launched.what).add(": ");
        say(Level::warning, line.add(errno_text(launched.error)).add("; sending the signal"));
    }
    if (worker.main > 0) {
        (void)kill(worker.main, service.stop_signal);
        (void)kill(worker.main, SIGCONT);  // what is stopped hears nothing
    } else if (worker.leaf.is_there()) {
        signal_leaf(worker.leaf, service.stop_signal);
        leaf_news(index);
    }
}

void Supervisor::kill_all_of(uint32_t index) {
    Worker& worker = workers_[index];
    end_question(index);
    worker.deadline = in(kKillAgain);
    if (worker.leaf.is_there()) kill_leaf(worker.leaf);
    // A process that has not joined its cgroup yet, and all there is without cgroups. The number
    // is still its own: a group lives as long as any member, and the main process is unreaped.
    if (worker.main > 0) (void)kill(worker.main, SIGKILL);
    if (worker.group > 0) (void)kill(-worker.group, SIGKILL);
    if (worker.stopper > 0) (void)kill(-worker.stopper, SIGKILL);
}

bool Supervisor::is_gone(uint32_t index) const {
    const Worker& worker = workers_[index];
    if (worker.main > 0 || worker.stopper > 0 || worker.probe.pid > 0) return false;
    if (worker.leaf.is_there()) return !is_populated(worker.leaf);
    return worker.group == 0 || (kill(-worker.group, 0) < 0 && errno == ESRCH);
}

void Supervisor::check_gone(uint32_t index) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    const bool well =
            ended_well(service, worker.status, worker.was_up) && !crew_.member(index).at_fault;
    if (crew_.member(index).aim == Aim::policy && !well) count_failure(index);
    const bool limit = service.start_limit != 0 && worker.failures >= service.start_limit;
    if (well) worker.failures = 0;
    count_miss(index, well);
    end_life(index);
    carry(index, crew_.after_end(index, well, limit));
}

/// A life that lasted as long as failures are counted starts the count anew.
void Supervisor::count_failure(uint32_t index) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    const int64_t now = monotonic_now();
    if (worker.window == kNoTime || now - worker.window > service.start_interval) {
        worker.window = now;
        worker.failures = 0;
    }
    ++worker.failures;
}

/// Two reasons to wait no longer: it has failed so often that a service with the usual limit would
/// be given up, or so long ago that its failures come too slowly for any limit.
void Supervisor::count_miss(uint32_t index, bool well) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    if (crew_.member(index).aim != Aim::policy) return forget_misses(worker);
    if (well || worker.was_up) return;
    const uint32_t most = service.start_limit != 0 ? service.start_limit : Service().start_limit;
    ++worker.misses;
    worker.keeps_failing =
            worker.misses >= most || monotonic_now() - worker.tried >= service.start_interval;
}

void Supervisor::end_life(uint32_t index) {
    Worker& worker = workers_[index];
    take_log(index, true);
    end_question(index);
    close_fd(worker.ready);
    worker.group = 0;
    worker.told[0] = '\0';
}

void Supervisor::pause(uint32_t index) {
    const bool asked_for = crew_.member(index).aim == Aim::again;
    workers_[index].deadline =
            in(asked_for ? 0 : restart_delay(services_.list[index], workers_[index].failures));
}

void Supervisor::settle(uint32_t index) {
    const Service& service = services_.list[index];
    const Worker& worker = workers_[index];
    const ServiceState state = crew_.state(index);
    if (state == ServiceState::off) return;
    if (service.period != 0) wait_for_next_time(index);
    const bool failed = state == ServiceState::failed;
    // Never 0 for a failure, also when its process ended with 0 (a health check that failed).
    const int status = failed && worker.status == 0 ? kOwnError : worker.status;
    const bool decides = service.on_exit == EndPolicy::stop_box ||
                         (failed && service.on_failure == EndPolicy::stop_box);
    if (!status_decided_ && (decides || (failed && exit_status_ == 0))) exit_status_ = status;
    if (!decides || crew_.stopping()) return;
    status_decided_ = true;
    Line line = message();
    line.add(service.name).add(failed ? ": failed" : ": ended").add(", and the box with it");
    say(Level::warning, line);
    host_.say("STOPPING=1");
    crew_.stop_all();
}

/// Counted from its latest start. One that takes longer than its period misses times: it never runs
/// twice at once, and never again without a pause.
void Supervisor::wait_for_next_time(uint32_t index) {
    const int64_t period = services_.list[index].period;
    Worker& worker = workers_[index];
    const int64_t now = monotonic_now();
    const int64_t passed = worker.started == kNoTime ? 0 : now - worker.started;
    worker.deadline = now + period - passed % period;
}

/// The first process of a forking service has ended well: what is the service now?
bool Supervisor::adopt(uint32_t index) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    if (service.pid_file == nullptr) {
        worker.group = 0;  // its number may soon be another's; the cgroup knows better
        if (worker.leaf.is_there()) return is_populated(worker.leaf);
        Line line = message();
        line.add(service.name).add(": Type=forking needs PIDFile= where there are no cgroups");
        say(Level::error, line);
        worker.status = kOwnError;
        return false;
    }
    char text[32] = {};
    uint32_t pid = 0;
    const char* end = nullptr;
    const bool read = read_small(AT_FDCWD, service.pid_file, text, sizeof text) > 0 &&
                      read_number(text, INT32_MAX, pid, end) && pid > 1;
    // Only a child of ours: a file that names anybody else must not get them killed.
    siginfo_t info = {};
    if (!read || waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
        Line line = message();
        line.add(service.name).add(": ").quoted(service.pid_file);
        say(Level::error, line.add(" names no process of the service"));
        worker.status = kOwnError;
        return false;
    }
    worker.main = static_cast<pid_t>(pid);
    worker.group = getpgid(worker.main);
    worker.environment.set_main(worker.main);
    return true;
}

/// A forked service without a main process is what is in its cgroup.
void Supervisor::leaf_news(uint32_t index) {
    const Worker& worker = workers_[index];
    const ServiceState state = crew_.state(index);
    const bool lives = state == ServiceState::up || state == ServiceState::stopping;
    if (services_.list[index].type != ServiceType::forking || worker.main > 0 || !lives) return;
    if (!is_populated(worker.leaf)) carry(index, ServiceEvent::main_ended);
}

void Supervisor::tell_change(uint32_t index) {
    const ServiceState now = crew_.state(index);
    const Worker& worker = workers_[index];
    const bool bad =
            now == ServiceState::failed || (now == ServiceState::delayed && worker.failures > 0);
    const Level level = bad ? Level::warning : Level::info;
    if (!says(level)) return;
    Line line = message();
    line.add(services_.list[index].name).add(": ").add(to_string(now));
    if (is_settled(now) || now == ServiceState::delayed) {
        line.add(", status ").add(int64_t{worker.status});
    }
    if (bad && now == ServiceState::delayed) {
        line.add(", starts again in ").add(worker.deadline - monotonic_now()).add(" ms");
    }
    say(level, line);
}

ServiceSet Supervisor::failing() const {
    ServiceSet set = 0;
    for (uint32_t i = 0; i < services_.count; ++i) {
        if (workers_[i].keeps_failing) set |= bit_of(i);
    }
    return set;
}

/// What failed for good and was to be ignored, or fails for ever, keeps nobody waiting: nothing
/// would end that. The status follows what becomes of it.
void Supervisor::tell_host() {
    const ServiceSet failing = this->failing();
    if (crew_.stopping() || !crew_.all_decided(failing)) return;
    const ServiceSet stuck = crew_.stuck(failing);
    const Tally now = {crew_.count_ready(), crew_.count_failed(), count_of(stuck & failing),
                       count_of(stuck & ~failing)};
    if (told_ready_ && now == told_) return;
    Line status;
    status.add(int64_t{now.ready}).add(" of ").add(int64_t{services_.count});
    status.add(" services are up");
    add_count(status, now.failed, " failed");
    add_count(status, now.failing, " failing again and again");
    add_count(status, now.waiting, " waiting for that");
    Line line;
    line.add(told_ready_ ? "STATUS=" : "READY=1\nSTATUS=").add(status.text());
    host_.say(line.text());
    Line said = message();
    say(Level::info, said.add(status.text()));
    told_ready_ = true;
    told_ = now;
}

}  // namespace boxctl::init
