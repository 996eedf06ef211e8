// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/machine.h"

#include <optional>
#include <vector>

#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/endpoint/endpoint.h"
#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/supervise/console_view.h"
#include "lib/supervise/init_asker.h"

namespace boxctl::supervise {
namespace {

class Supervisor {
 public:
    Supervisor(event::Loop& loop, launch::RunningBox& box, state::Record record)
            : loop_(loop), box_(box), record_(std::move(record)), init_(loop, record_, box.pidfd) {}

    Result<Outcome> run();

 private:
    Result<void> watch_leader();
    Result<void> watch_signals();
    Result<void> watch_notify();
    Result<void> open_console();
    void open_endpoint();
    void on_power(endpoint::Power power);
    void on_event(Event event);
    void on_escape(console::Escape escape);
    void act(Action action);
    void ask(const state::Request& request, const char* what);
    void kill_box();
    void enter_phase(Phase phase);

    event::Loop& loop_;
    launch::RunningBox& box_;
    state::Record record_;
    Phase phase_ = Phase::running;
    std::optional<os::ExitStatus> status_;
    int killed_code_ = 0;  ///< what a kill of ours is to be reported as; 0: what the kernel says
    InitAsker init_;
    std::optional<ConsoleView> console_;
    std::optional<endpoint::Endpoint> endpoint_;
    event::Source leader_source_;
    std::vector<event::Source> signal_sources_;
    event::IoSource notify_source_;
    event::TimerSource deadline_;
};

Result<void> Supervisor::watch_leader() {
    leader_source_ = BOX_TRY(loop_.add_child(box_.pidfd, [this](os::ExitStatus status) {
        status_ = status;
        loop_.exit(0);
    }));
    return {};
}

Result<void> Supervisor::watch_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        signal_sources_.push_back(BOX_TRY(loop_.add_signal(
                signal, [this](const signalfd_siginfo&) { on_event(Event::stop_asked); })));
    }
    signal_sources_.push_back(
            BOX_TRY(loop_.add_signal(kGiveConsole, [this](const signalfd_siginfo& info) {
                if (console_) console_->give(static_cast<pid_t>(info.ssi_pid));
            })));
    signal_sources_.push_back(BOX_TRY(loop_.add_signal(SIGWINCH, [this](const signalfd_siginfo&) {
        if (console_) console_->resize();
    })));
    return {};
}

/// What the box says on its notify socket is read, so that nobody in it waits for a reader.
Result<void> Supervisor::watch_notify() {
    if (!box_.notify.valid()) return {};
    notify_source_ = BOX_TRY(loop_.add_io(box_.notify, EPOLLIN, [this](uint32_t) {
        char byte = 0;
        // One datagram a wake-up, cut to a byte; descriptors that come with it are not taken.
        while (recv(box_.notify.get(), &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) < 0 &&
               errno == EINTR) {
        }
    }));
    return {};
}

Result<void> Supervisor::open_console() {
    if (box_.terminals.empty() || box_.terminals.front().index != 0) return {};
    console_.emplace(loop_, record_, box_.terminals.front().master);
    return console_->open([this](console::Escape escape) { on_escape(escape); });
}

/// A box with systemd answers for itself.
void Supervisor::open_endpoint() {
    if (record_.mode != "boot" || record_.init_kind == "systemd") return;
    if (access("/run/systemd/system", F_OK) < 0) return;
    endpoint::Endpoint::Hooks hooks;
    hooks.power = [this](endpoint::Power power) { on_power(power); };
    hooks.signal = [this](int signal) {
        // It may have ended by now.
        (void)os::send_signal(box_.pidfd, signal).has_value();
    };
    hooks.leader = [this](pid_t leader) {
        log::debug(
                format("machine '%s' is represented by process %d", record_.name.c_str(), leader));
    };
    hooks.unavailable = [this](const Error& why) {
        log::notice("machinectl shell will not work for machine '" + record_.name +
                    "': " + why.message());
    };
    endpoint_.emplace(loop_, record_, std::move(hooks));
    endpoint_->start();
}

/// Asked again, a box that is at it already is left in peace: it is not somebody at the console who
/// has lost patience.
void Supervisor::on_power(endpoint::Power power) {
    const Event event = power == endpoint::Power::off ? Event::stop_asked : Event::reboot_asked;
    const bool at_it = phase_ == Phase::stopping || phase_ == Phase::killing;
    if (!at_it) on_event(event);
}

void Supervisor::on_escape(console::Escape escape) {
    switch (escape) {
        case console::Escape::kill:
            return on_event(Event::kill_asked);
        case console::Escape::poweroff:
            return on_event(Event::stop_asked);
        case console::Escape::reboot:
            return on_event(Event::reboot_asked);
    }
}

void Supervisor::enter_phase(Phase phase) {
    if (phase == phase_) return;
    phase_ = phase;
    record_.phase = "stopping";
    const auto written = state::write(record_);
    if (!written) log::warning(written.error().message());
}

void Supervisor::on_event(Event event) {
    const Transition transition = supervise::transition(phase_, event);
    enter_phase(transition.next);
    act(transition.action);
}

void Supervisor::act(Action action) {
    switch (action) {
        case Action::none:
            return;
        case Action::power_off:
            return ask(record_.poweroff, "power off");
        case Action::reboot:
            return ask(record_.reboot, "reboot");
        case Action::kill:
            return kill_box();
    }
}

void Supervisor::ask(const state::Request& request, const char* what) {
    if (record_.stop_timeout != state::kNoTimeout) {
        deadline_ =
                loop_.add_timer(event::now_us() + uint64_t{record_.stop_timeout} * event::kSecond,
                                [this] { on_event(Event::deadline); });
    }
    log::debug(std::string("asking the init to ") + what);
    init_.ask(request, [this](int signal) {
        killed_code_ = 128 + signal;
        enter_phase(Phase::killing);
        kill_box();
    });
}

void Supervisor::kill_box() {
    // With PID 1 the kernel ends every process of the PID namespace, also those that entered later.
    const auto sent = os::send_signal(box_.pidfd, SIGKILL);
    if (!sent && sent.error().code() != ESRCH) log::error(sent.error().message());
}

Result<Outcome> Supervisor::run() {
    BOX_TRY(watch_leader());
    BOX_TRY(watch_signals());
    BOX_TRY(watch_notify());
    BOX_TRY(open_console());
    open_endpoint();
    // What start-up needed is not needed any more; the box may run for years.
    if (record_.mode == "boot") malloc_trim(0);
    BOX_TRY(loop_.run());
    box_.pidfd.reset();  // reaped
    if (console_) console_->close();
    Outcome outcome = outcome_of(*status_, record_.mode == "boot", phase_);
    if (outcome.kind == Outcome::Kind::killed && killed_code_ != 0) outcome.code = killed_code_;
    return outcome;
}

}  // namespace

Result<Outcome> supervise(launch::RunningBox& box, state::Record record) {
    const auto loop = BOX_TRY(event::Loop::create());
    return Supervisor(*loop, box, std::move(record)).run();
}

}  // namespace boxctl::supervise
