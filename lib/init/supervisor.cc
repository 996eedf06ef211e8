// SPDX-License-Identifier: LGPL-2.1-or-later
// The loop: what happens, in which order it is looked at, and how the box ends.
#include "lib/init/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/init/killer.h"
#include "lib/init/text.h"
#include "lib/init/watch.h"

namespace boxctl::init {

namespace {

constexpr int kEvents = 32;
constexpr int kRebootSignal = kRtMin + 5;
constexpr int kKilled = 128 + SIGKILL;

bool complain(const char* what, int error) {
    Line line = message();
    line.add(what).add(": ").add(errno_text(error));
    if (error == EMFILE) line.add("; raise the limit of open files (RLIMIT_NOFILE)");
    say(Level::error, line);
    return false;
}

/// signalfd(2) for all signals: the C library's sets leave some out.
int open_signals() {
    const SignalBits all = ~SignalBits{0};
    return static_cast<int>(
            syscall(SYS_signalfd4, -1, &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

int64_t monotonic_now() {
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1000000;
}

Supervisor::Supervisor(const Services& services, const SupervisorOptions& options,
                       const InheritedSignals& inherited)
        : services_(services),
          options_(options),
          inherited_(inherited),
          crew_(services),
          writer_(STDOUT_FILENO, options.log_format) {
}

bool Supervisor::watch(int fd, uint32_t kind, uint32_t index, uint32_t what) {
    struct epoll_event event = {};
    event.events = what;
    event.data.u64 = watch_tag(kind, index);
    return epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Supervisor::prepare_self() {
    pid_one_ = getpid() == 1;
    if (!pid_one_ && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        return complain("become subreaper", errno);
    }
    // A descriptor that came along by accident would be every service's. A kernel without
    // close_range(2), before 5.9, keeps them.
    (void)syscall(SYS_close_range, 3U, ~0U, 0U);
    poll_ = epoll_create1(EPOLL_CLOEXEC);
    signals_ = open_signals();
    if (poll_ < 0 || signals_ < 0 || !watch(signals_, watch_signals, 0, EPOLLIN)) {
        return complain("prepare the event loop", errno);
    }
    host_.open(getenv("NOTIFY_SOCKET"));
    return true;
}

bool Supervisor::prepare() {
    if (!prepare_self()) return false;
    const bool in_directory = make_runtime_directory();
    const char* missing = cgroups_.open(services_);
    if (missing != nullptr) {
        Line line = message();
        line.add(missing).add(": what a service starts in sessions of its own is killed only with");
        say(Level::info, line.add(" the box, and limits are not in force"));
    }
    for (uint32_t i = 0; i < services_.count; ++i) {
        if (!prepare_service(i, in_directory)) return false;
    }
    listener_ = open_control(options_.control);
    if (listener_ < 0 || !watch(listener_, watch_listener, 0, EPOLLIN)) {
        Line line = message();
        line.add("no control: listen on ").quoted(options_.control).add(": ");
        say(Level::warning, line.add(errno_text(errno)));
    }
    return true;
}

bool Supervisor::prepare_service(uint32_t index, bool in_directory) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    int pipe[2] = {-1, -1};
    if (pipe2(pipe, O_CLOEXEC) < 0) return complain("make a pipe for output", errno);
    worker.log_in = pipe[0];
    worker.log_out = pipe[1];
    // Only our end: a service must be able to write without looking.
    if (fcntl(worker.log_in, F_SETFL, O_NONBLOCK) < 0 ||
        !watch(worker.log_in, watch_log, index, EPOLLIN)) {
        return complain("watch output", errno);
    }
    const char* notify = nullptr;
    if (service.type == ServiceType::notify) {
        worker.notify = open_notify(service, in_directory, notify);
        if (worker.notify < 0 || !watch(worker.notify, watch_notify, index, EPOLLIN)) {
            return complain("make a notify socket", errno);
        }
    }
    if (!build_environment(service, environ, notify, worker.environment)) {
        return complain("build an environment", ENOMEM);
    }
    bool limited = true;
    worker.leaf = cgroups_.make_leaf(service, limited);
    if (worker.leaf.is_there() && !watch(worker.leaf.events, watch_leaf, index, EPOLLPRI)) {
        return complain("watch a cgroup", errno);
    }
    if (!limited) {
        Line line = message();
        line.add(service.name).add(": MemoryMax, CPUQuota or TasksMax is not in force: ");
        say(Level::warning, line.add("cgroup version 2 does not offer it here"));
    }
    return true;
}

int Supervisor::live() {
    ServiceSet enabled = 0;
    for (uint32_t i = 0; i < services_.count; ++i) {
        if (services_.list[i].enabled) enabled |= bit_of(i);
    }
    crew_.start(enabled);
    follow();
    while (!crew_.is_over() && !kill_now_) {
        wait();
        fire_timers();
        follow();
    }
    return finish();
}

/// Carries out all that follows from what has happened, until nothing does.
void Supervisor::follow() {
    CrewStep step;
    bool moved = true;
    while (moved) {
        moved = crew_.next(step);
        if (moved) carry(step.index, step.event);
        for (uint32_t i = 0; i < services_.count; ++i) {
            if (crew_.state(i) != ServiceState::killing || !is_gone(i)) continue;
            check_gone(i);
            moved = true;
        }
    }
    tell_host();
    answer_waiting();
}

void Supervisor::wait() {
    struct epoll_event events[kEvents];
    const int count = epoll_wait(poll_, events, kEvents, time_left());
    // Signals first: who has died decides what output and readiness of it still mean.
    for (int pass = 0; pass < 2; ++pass) {
        for (int i = 0; i < count; ++i) {
            const bool is_signal = events[i].data.u64 >> 32 == watch_signals;
            if (is_signal == (pass == 0)) dispatch(events[i].data.u64, events[i].events);
        }
    }
}

void Supervisor::dispatch(uint64_t tag, uint32_t what) {
    const auto index = static_cast<uint32_t>(tag);
    switch (static_cast<Watch>(tag >> 32)) {
        case watch_signals:
            return take_signals_in();
        case watch_log:
            return take_log(index, false);
        case watch_notify:
            return take_notice(index);
        case watch_ready:
            return take_ready_line(index);
        case watch_probe:
            return probe_news(index, what);
        case watch_leaf:
            return leaf_news(index);
        case watch_listener:
            return take_client();
        case watch_client:
            return take_request(index);
    }
}

void Supervisor::take_signals_in() {
    struct signalfd_siginfo info[16];
    ssize_t got = 0;
    while ((got = read(signals_, info, sizeof info)) > 0) {
        const size_t count = static_cast<size_t>(got) / sizeof info[0];
        for (size_t i = 0; i < count; ++i) {
            const int signal = static_cast<int>(info[i].ssi_signo);
            if (signal != SIGCHLD) take_signal(signal, static_cast<pid_t>(info[i].ssi_pid));
        }
    }
    // One SIGCHLD may stand for many ends, and one that was lost for some.
    reap();
}

void Supervisor::take_signal(int signal, pid_t sender) {
    if (says(Level::info)) {
        char name[16] = {};
        Line line = message();
        line.add("received ").add(signal_name(signal, name)).add(" from process ");
        say(Level::info, line.add(int64_t{sender}));
    }
    const Role role = signal_role(signal, false);
    if (role == Role::kill_now) kill_now_ = true;
    if (role != Role::stop_self && role != Role::stop_term) return;
    reboot_ = signal == kRebootSignal;
    if (!crew_.stopping()) host_.say("STOPPING=1");
    crew_.stop_all();
}

void Supervisor::reap() {
    for (Child child = reap_one(); child.fate == Fate::exited || child.fate == Fate::stopped;
         child = reap_one()) {
        if (child.fate == Fate::exited) take_end(child);
    }
}

void Supervisor::take_end(const Child& child) {
    for (uint32_t i = 0; i < services_.count; ++i) {
        Worker& worker = workers_[i];
        if (child.pid == worker.main) return main_ended(i, child.status);
        if (child.pid == worker.probe.pid) return probe_exec_ended(i, child.status);
        if (child.pid != worker.stopper) continue;
        worker.stopper = 0;
        return;
    }
    if (!options_.tell_reaped && !says(Level::debug)) return;
    Line line = message();
    line.add("reaped process ").add(int64_t{child.pid}).add(", status ");
    say(Level::error, line.add(int64_t{child.status}));
}

void Supervisor::main_ended(uint32_t index, int status) {
    const Service& service = services_.list[index];
    Worker& worker = workers_[index];
    worker.main = 0;
    worker.status = status;
    const bool forked = service.type == ServiceType::forking && status == 0 &&
                        crew_.state(index) == ServiceState::starting;
    carry(index, forked && adopt(index) ? ServiceEvent::ready : ServiceEvent::main_ended);
}

int Supervisor::time_left() const {
    int64_t first = kNoTime;
    const auto consider = [&](int64_t time) {
        if (time != kNoTime && (first == kNoTime || time < first)) first = time;
    };
    for (uint32_t i = 0; i < services_.count; ++i) {
        consider(workers_[i].deadline);
        consider(workers_[i].probe.next);
        consider(workers_[i].probe.deadline);
    }
    consider(listener_again_);
    if (first == kNoTime) return -1;
    const int64_t left = first - monotonic_now();
    constexpr int64_t kLongest = 3600000;
    return static_cast<int>(left < 0 ? 0 : left < kLongest ? left : kLongest);
}

void Supervisor::fire_timers() {
    const int64_t now = monotonic_now();
    const auto is_over = [&](int64_t& time) {
        if (time == kNoTime || time > now) return false;
        time = kNoTime;
        return true;
    };
    for (uint32_t i = 0; i < services_.count; ++i) {
        if (is_over(workers_[i].deadline)) carry(i, ServiceEvent::deadline);
        if (is_over(workers_[i].probe.deadline)) probe_result(i, false);
        if (is_over(workers_[i].probe.next)) ask(i);
    }
    if (is_over(listener_again_)) watch_listener_again();
}

int Supervisor::finish() {
    // An orderly stop that somebody asked for is a success, whatever failed and was ignored before.
    if (crew_.stopping() && !status_decided_) exit_status_ = 0;
    if (kill_now_) exit_status_ = kKilled;
    // A subreaper needs a descriptor to find its children.
    (void)close(poll_);
    const Reach reach = pid_one_ ? Reach::pid_namespace : Reach::descendants;
    if (!kill_everything(reach, 0)) {
        (void)complain("what services started may be left: read the list of children in /proc",
                       errno);
    }
    for (uint32_t i = 0; i < services_.count; ++i)
        end_life(i);
    if (writer_.lost() > 0) {
        Line line = message();
        line.add(static_cast<int64_t>(writer_.lost()));
        say(Level::warning, line.add(" lines of output were lost: the console took none"));
    }
    if (listener_ >= 0) (void)unlink(options_.control);
    cgroups_.close(services_);
    // Within a PID namespace this ends PID 1 by SIGHUP, which whoever started the box understands
    // (reboot(2)). Where it is not permitted the exit status has to do.
    if (reboot_ && pid_one_) (void)reboot(RB_AUTOBOOT);
    return exit_status_;
}

}  // namespace boxctl::init
