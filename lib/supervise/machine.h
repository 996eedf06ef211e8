// SPDX-License-Identifier: LGPL-2.1-or-later
// Machine: one running box, from the execution of its PID 1 to its end.
//
// The supervisor holds the box's other half: the masters of its terminals, its notify socket, the
// pidfd of its PID 1. It sleeps until one of them, a signal or the stop deadline has something to
// say. What happens when is one table (transition()), so that every case can be looked at.
//
// All that it knows of the box is in its record and in these descriptors; the plan is gone by then.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <signal.h>

#include "lib/base/result.h"
#include "lib/endpoint/endpoint.h"
#include "lib/event/loop.h"
#include "lib/json/fwd.h"
#include "lib/launch/launch.h"
#include "lib/os/process.h"
#include "lib/state/record.h"
#include "lib/supervise/console_view.h"
#include "lib/supervise/control.h"
#include "lib/supervise/host_check.h"
#include "lib/supervise/init_asker.h"
#include "lib/supervise/instance.h"
#include "lib/supervise/jobs.h"
#include "lib/supervise/log_keeper.h"
#include "lib/supervise/manager.h"
#include "lib/supervise/notify.h"
#include "lib/supervise/readiness.h"
#include "lib/supervise/registration.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::supervise {

enum class Phase { running, stopping, rebooting, killing };
enum class Event {
    stop_asked,    ///< SIGTERM, SIGINT, a hang-up, ^]^]p
    reboot_asked,  ///< ^]^]r
    kill_asked,    ///< ^]^]^]
    deadline,      ///< the stop timeout has passed
};
enum class Action { none, power_off, reboot, kill };

struct Transition {
    Phase next;
    Action action;
};

/// What an event does in a phase. Asking twice to stop means: now.
Transition transition(Phase phase, Event event);

/// Sent to the supervisor by `boxctl reload`: it executes the program anew that it was started
/// from, in its own place.
constexpr int kReload = SIGUSR2;

/// How a box ended, or why its supervisor stops looking after it.
struct Outcome {
    enum class Kind {
        exited,     ///< PID 1 ended; `code` is its status
        power_off,  ///< poweroff or halt inside (reboot(2) in a PID namespace)
        reboot,     ///< reboot inside
        killed,     ///< by us, because it was asked for or did not stop in time
        reload,     ///< it runs on; another image of this program shall take over
    };
    Kind kind = Kind::exited;
    int code = 0;
    bool by_signal = false;  ///< PID 1 died of one; `code` is 128 and its number
};

/// Of PID 1's wait status: reboot(2) in a PID namespace ends it by SIGHUP (restart) or SIGINT
/// (halt, power off), see pid_namespaces(7). Only what was booted comes back from a restart.
Outcome outcome_of(const os::ExitStatus& status, bool booted, Phase phase);

/// What a machine has in all its lives; it outlives each Machine.
struct Around {
    Manager& manager;            ///< is told how the box is
    os::BorrowedFd control{-1};  ///< where verbs ask (state/control.h); -1: nowhere
};

/// One running box and the eyes on it.
class Machine {
 public:
    /// For a box that was just executed. `record` is written whenever something in it changes.
    static Result<std::unique_ptr<Machine>> create(launch::RunningBox& box, state::Record record,
                                                   Around around);
    /// For a box that an earlier image of this program packed. handover.cc has both.
    static Result<std::unique_ptr<Machine>> resume(launch::RunningBox& box,
                                                   const json::Value& packed,
                                                   state::Incoming& incoming, Around around);
    json::Value pack(state::Outgoing& outgoing) const;

    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    Machine(Machine&&) = delete;
    Machine& operator=(Machine&&) = delete;
    ~Machine() { manager_.detach(); }

    /// Stays with the box until it is gone. After Outcome::Kind::reload nothing has changed: it can
    /// be called again.
    Result<Outcome> run();

    /// Tells who waits for a reload how it went: `failure` is empty when it succeeded.
    Result<void> answer_reload(const std::string& failure);
    [[nodiscard]] const state::Record& record() const { return record_; }

 private:
    Machine(std::unique_ptr<event::Loop> loop, launch::RunningBox& box, state::Record record,
            Around around)
            : loop_(std::move(loop)),
              box_(box),
              record_(std::move(record)),
              manager_(around.manager),
              listener_(around.control),
              init_(*loop_, record_, box.pidfd),
              readiness_(*loop_, record_, box.pidfd, [this] { on_ready(); }),
              jobs_(*loop_, record_) {}

    Result<void> watch();
    Result<void> watch_leader();
    Result<void> watch_signals();
    void watch_dismissed();
    Result<void> watch_notify();
    Result<void> watch_control();
    Result<void> watch_readiness();
    void on_notice(const Notice& notice);
    void on_question(Question question);
    void on_ready();
    void tell_manager();
    void write_record();
    [[nodiscard]] bool has_console() const;
    [[nodiscard]] bool wants_endpoint() const;
    endpoint::Endpoint::Hooks endpoint_hooks();
    void check_host();
    void forget_earlier() const;
    void prepare_registration();
    Result<std::string> control_address();
    void set_leader(pid_t leader);
    void on_unregistered(const Error& why);
    void on_power(endpoint::Power power);
    void on_event(Event event);
    void on_escape(console::Escape escape);
    void on_reload();
    void act(Action action);
    void wake() const;
    void ask(const state::Request& request, const char* what);
    void kill_box();
    void enter_phase(Phase phase);
    Outcome outcome();

    std::unique_ptr<event::Loop> loop_;
    launch::RunningBox& box_;
    state::Record record_;
    Manager& manager_;
    os::BorrowedFd listener_;
    Phase phase_ = Phase::running;
    std::optional<os::ExitStatus> status_;  ///< of PID 1, once it has ended
    int killed_code_ = 0;  ///< what a kill of ours is to be reported as; 0: what the kernel says
    bool terminated_ = false;  ///< killed because systemd's tools asked for its end
    InitAsker init_;
    std::unique_ptr<NotifySocket> notify_;
    std::optional<ConsoleView> console_;
    std::unique_ptr<LogKeeper> log_;
    Readiness readiness_;
    std::unique_ptr<Instance> instance_;
    std::optional<Registration> registration_;
    std::optional<HostCheck> host_check_;
    bool registration_failed_ = false;  ///< and that was said
    std::optional<endpoint::Endpoint> endpoint_;
    Jobs jobs_;
    std::unique_ptr<Control> control_;
    event::Source leader_source_;
    std::vector<event::Source> signal_sources_;
    event::Source dismissed_;
    event::TimerSource dismissed_timer_;
    event::TimerSource deadline_;
    event::TimerSource no_companion_;  ///< until that is worth a notice
    bool companion_missed_ = false;    ///< which has been given
};

}  // namespace boxctl::supervise
