// SPDX-License-Identifier: LGPL-2.1-or-later
// What services say, by themselves or when asked: output, readiness, health.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/init/file.h"
#include "lib/init/probe.h"
#include "lib/init/supervisor.h"
#include "lib/init/text.h"
#include "lib/init/watch.h"

namespace boxctl::init {

namespace {

/// How soon a service that is not ready yet is asked again. Milliseconds.
constexpr int64_t kReadyInterval = 200;
/// Reads of one pipe between two looks at everything else: a service that floods its log delays a
/// stop by no more than this.
constexpr int kLogBatch = 16;

// Not in Worker: 10 KiB a service, of which only those that write touch any.
LogBuffer logs[kMaxServices];

}  // namespace

void Supervisor::take_log(uint32_t index, bool to_the_end) {
    const Worker& worker = workers_[index];
    const char* name = services_.list[index].name;
    char bytes[4096];
    ssize_t got = 1;
    for (int count = 0; got > 0 && (count < kLogBatch || to_the_end); ++count) {
        got = read(worker.log_in, bytes, sizeof bytes);
        if (got > 0) logs[index].take(bytes, static_cast<size_t>(got), name, writer_);
        // What outlives the service may write for ever.
        if (count > 16 * kLogBatch) break;
    }
    if (to_the_end) logs[index].flush(name, writer_);
}

size_t Supervisor::copy_log(uint32_t index, char (&to)[kLogKept]) {
    return logs[index].copy_latest(to);
}

void Supervisor::take_notice(uint32_t index) {
    Notice notice;
    while (receive_notice(workers_[index].notify, notice)) {
        if (notice.status[0] != '\0') {
            memcpy(workers_[index].told, notice.status, sizeof notice.status);
        }
        if (notice.ready) carry(index, ServiceEvent::ready);
    }
}

void Supervisor::take_ready_line(uint32_t index) {
    Worker& worker = workers_[index];
    char bytes[64];
    const ssize_t got = read(worker.ready, bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const bool line = got > 0 && memchr(bytes, '\n', static_cast<size_t>(got)) != nullptr;
    if (got > 0 && !line) return;
    // Closed without a line: it will never be said, and the start time decides.
    (void)close(worker.ready);
    worker.ready = -1;
    if (line) carry(index, ServiceEvent::ready);
}

const Probe& Supervisor::probe_of(uint32_t index) const {
    static constexpr Probe kNone;
    const Service& service = services_.list[index];
    const bool starting = crew_.state(index) == ServiceState::starting;
    const Probe& probe = starting ? service.ready : service.health;
    return probe.kind == ProbeKind::descriptor ? kNone : probe;
}

void Supervisor::ask(uint32_t index) {
    Worker& worker = workers_[index];
    const Probe& probe = probe_of(index);
    if (probe.kind == ProbeKind::none) return;
    worker.probe.deadline = monotonic_now() + services_.list[index].health_timeout;
    if (probe.kind == ProbeKind::exec) {
        Launch request;
        request.service = &services_.list[index];
        request.command = probe.command;
        request.environment = worker.environment.plain();
        request.signals = &inherited_;
        request.log = worker.log_out;
        request.leaf = worker.leaf;
        const Launched launched = launch(request);
        worker.probe.pid = launched.pid;
        if (launched.pid == 0) postpone_question(index);
        return;
    }
    worker.probe.socket = begin_probe(probe);
    if (worker.probe.socket >= 0) {
        if (!watch(worker.probe.socket, watch_probe, index, EPOLLOUT)) postpone_question(index);
        return;
    }
    is_shortage(errno) ? postpone_question(index) : probe_result(index, false);
}

/// That we have no process or descriptor left to ask with says nothing about the service.
void Supervisor::postpone_question(uint32_t index) {
    end_question(index);
    const bool starting = crew_.state(index) == ServiceState::starting;
    const Service& service = services_.list[index];
    workers_[index].probe.next =
            monotonic_now() + (starting ? kReadyInterval : service.health_interval);
}

void Supervisor::probe_news(uint32_t index, uint32_t what) {
    ProbeRun& run = workers_[index].probe;
    if (run.socket < 0) return;
    const ProbeNews news = (what & EPOLLOUT) != 0 ? probe_connected(probe_of(index), run.socket)
                                                  : probe_answered(run.socket);
    if (news == ProbeNews::pending) return;
    if (news != ProbeNews::sent) return probe_result(index, news == ProbeNews::good);
    struct epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = watch_tag(watch_probe, index);
    if (epoll_ctl(poll_, EPOLL_CTL_MOD, run.socket, &event) < 0) probe_result(index, false);
}

void Supervisor::probe_exec_ended(uint32_t index, int status) {
    ProbeRun& run = workers_[index].probe;
    run.pid = 0;
    // One that was killed for being late has been judged already.
    if (run.deadline != kNoTime) probe_result(index, status == 0);
}

void Supervisor::end_question(uint32_t index) {
    ProbeRun& run = workers_[index].probe;
    if (run.socket >= 0) (void)close(run.socket);
    run.socket = -1;
    // It leads a group of its own; reaped, and counted as a rest of the service, until then.
    if (run.pid > 0) (void)kill(-run.pid, SIGKILL);
    run.deadline = kNoTime;
    run.next = kNoTime;
}

void Supervisor::probe_result(uint32_t index, bool good) {
    const Service& service = services_.list[index];
    ProbeRun& run = workers_[index].probe;
    end_question(index);
    if (crew_.state(index) == ServiceState::starting) {
        if (good) return carry(index, ServiceEvent::ready);
        run.next = monotonic_now() + kReadyInterval;
        return;
    }
    if (crew_.state(index) != ServiceState::up) return;
    run.failures = good ? 0 : run.failures + 1;
    if (run.failures < service.health_retries) {
        run.next = monotonic_now() + service.health_interval;
        return;
    }
    Line line = message();
    line.add(service.name).add(": unhealthy: ").add(int64_t{run.failures});
    say(Level::warning, line.add(" health checks in a row have failed"));
    carry(index, ServiceEvent::unhealthy);
}

}  // namespace boxctl::init
