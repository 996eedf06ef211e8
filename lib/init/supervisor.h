// SPDX-License-Identifier: LGPL-2.1-or-later
// box-init as the supervisor of several services: one loop that turns signals, exits, readiness,
// probes, requests and the clock into events of the crew (crew.h), and carries out the acts.
//
// Everything it needs while services run is made by prepare(): memory, pipes, sockets, cgroups.
// Afterwards only starting a process can fail for want of resources, and that is one more way for a
// start to fail: it is tried again, with a pause that grows.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "lib/init/crew.h"
#include "lib/init/endpoint.h"
#include "lib/init/log.h"
#include "lib/init/page.h"
#include "lib/init/reaper.h"
#include "lib/init/service.h"
#include "lib/init/service_cgroup.h"
#include "lib/init/service_start.h"
#include "lib/init/signals.h"

namespace boxctl::init {

struct SupervisorOptions {
    LogFormat log_format = LogFormat::prefix;
    const char* control = kControlSocket;
    bool tell_reaped = false;
};

constexpr int64_t kNoTime = -1;

/// A question to a service, asked again and again.
struct ProbeRun {
    int socket = -1;             ///< of a tcp or http probe on its way
    pid_t pid = 0;               ///< of an exec probe on its way
    int64_t next = kNoTime;      ///< when to ask
    int64_t deadline = kNoTime;  ///< when the answer is too late
    uint32_t failures = 0;       ///< in a row
    [[nodiscard]] bool is_asking() const { return socket >= 0 || pid > 0; }
};

/// What runs of one service.
struct Worker {
    pid_t main = 0;
    pid_t group = 0;      ///< its process group and session, also when the main process is gone
    pid_t stopper = 0;    ///< a running ExecStop
    int status = 0;       ///< of the main process of the latest life: exit code or 128 + signal
    bool was_up = false;  ///< in this life
    int log_in = -1;      ///< what we read
    int log_out = -1;     ///< what it writes
    int notify = -1;
    int ready = -1;  ///< the end of a Ready=fd pipe that we read
    Leaf leaf;
    Environment environment;
    ProbeRun probe;
    int64_t since = 0;           ///< of the state
    int64_t started = kNoTime;   ///< when its latest life began
    int64_t deadline = kNoTime;  ///< of the state
    int64_t window = kNoTime;    ///< when the failures began to be counted
    uint32_t failures = 0;
    uint32_t misses = 0;         ///< lives that ended too early, since it was up or ordered
    int64_t tried = kNoTime;     ///< when the first of them began
    bool keeps_failing = false;  ///< they are so many, or last so long, that nobody waits for it
    uint32_t starts = 0;
    char told[96] = {};  ///< its latest STATUS=
};

/// What the host is told of the services.
struct Tally {
    uint32_t ready = 0;
    uint32_t failed = 0;
    uint32_t failing = 0;
    uint32_t waiting = 0;  ///< for one that is failing
    bool operator==(const Tally&) const = default;
};

/// A connection of box-init ctl.
struct Client {
    int socket = -1;
    uint32_t awaits = kMaxServices;  ///< the service whose start or stop it waits for
    bool awaits_start = false;
};

class Supervisor {
 public:
    Supervisor(const Services& services, const SupervisorOptions& options,
               const InheritedSignals& inherited);

    /// False, with a message, when something cannot be had.
    bool prepare();
    /// To the end of the box; the exit status.
    int live();

 private:
    // supervisor.cc: the loop
    bool prepare_self();
    bool prepare_service(uint32_t index, bool in_directory);
    void wait();
    void dispatch(uint64_t tag, uint32_t what);
    void take_signals_in();
    void take_signal(int signal, pid_t sender);
    void reap();
    void take_end(const Child& child);
    void main_ended(uint32_t index, int status);
    void fire_timers();
    [[nodiscard]] int time_left() const;
    void follow();
    void check_gone(uint32_t index);
    int finish();

    // supervisor_acts.cc: what is done for a service
    void carry(uint32_t index, ServiceEvent event);
    void act(uint32_t index, ServiceAct what);
    void start(uint32_t index);
    bool open_ready_pipe(uint32_t index, Launch& request);
    void announce(uint32_t index);
    void ask_stop(uint32_t index);
    void kill_all_of(uint32_t index);
    void settle(uint32_t index);
    void wait_for_next_time(uint32_t index);
    void pause(uint32_t index);
    void end_life(uint32_t index);
    bool adopt(uint32_t index);
    void leaf_news(uint32_t index);
    [[nodiscard]] bool is_gone(uint32_t index) const;
    void count_failure(uint32_t index);
    void count_miss(uint32_t index, bool well);
    void tell_change(uint32_t index);
    [[nodiscard]] ServiceSet failing() const;
    void tell_host();

    // supervisor_news.cc: output, readiness and health
    [[nodiscard]] const Probe& probe_of(uint32_t index) const;
    void ask(uint32_t index);
    void probe_news(uint32_t index, uint32_t what);
    void probe_exec_ended(uint32_t index, int status);
    void probe_result(uint32_t index, bool good);
    void postpone_question(uint32_t index);
    void end_question(uint32_t index);
    void take_notice(uint32_t index);
    void take_ready_line(uint32_t index);
    void take_log(uint32_t index, bool to_the_end);
    static size_t copy_log(uint32_t index, char (&to)[kLogKept]);

    // supervisor_control.cc: requests
    void take_client();
    void watch_listener_again();
    void take_request(uint32_t slot);
    void answer(Client& client, const char* text, size_t size);
    void refuse(Client& client, const char* problem, const char* object);
    void drop(Client& client);
    void answer_waiting();
    [[nodiscard]] bool has_failed(uint32_t index) const;
    void order(Client& client, const char* verb, uint32_t index);
    void send_status(Client& client, uint32_t index, bool json);
    void send_log(Client& client, uint32_t index);
    [[nodiscard]] int64_t next_start(uint32_t index) const;
    void add_status(Page& page, uint32_t index) const;
    void add_json_status(Page& page, uint32_t index) const;

    bool watch(int fd, uint32_t kind, uint32_t index, uint32_t what);

    const Services& services_;
    const SupervisorOptions& options_;
    const InheritedSignals& inherited_;
    Crew crew_;
    Worker workers_[kMaxServices] = {};
    Client clients_[kMaxControlClients] = {};
    ServiceCgroups cgroups_;
    LogWriter writer_;
    HostNotifier host_;
    int poll_ = -1;
    int signals_ = -1;  ///< signalfd
    int listener_ = -1;
    int64_t listener_again_ = kNoTime;  ///< when it is looked at again
    int exit_status_ = 0;               ///< of the service that decides
    bool status_decided_ = false;
    bool told_ready_ = false;
    Tally told_;
    bool reboot_ = false;
    bool kill_now_ = false;
    bool pid_one_ = false;
};

/// Milliseconds of CLOCK_MONOTONIC: steps of the wall clock change no time-out.
int64_t monotonic_now();

}  // namespace boxctl::init
