// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/machine.h"

#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/change.h"
#include "lib/os/dismiss.h"
#include "lib/os/file.h"
#include "lib/os/process.h"
#include "lib/state/control.h"
#include "lib/state/handover.h"
#include "lib/supervise/machined_record.h"

namespace boxctl::supervise {

Result<void> Machine::watch_leader() {
    leader_source_ = BOX_TRY(loop_->add_child(box_.pidfd, [this](os::ExitStatus status) {
        status_ = status;
        loop_->exit(0);
    }));
    return {};
}

Result<void> Machine::watch_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        signal_sources_.push_back(
                BOX_TRY(loop_->add_signal(signal, [this](const signalfd_siginfo& info) {
                    if (registration_ && registration_->is_echo(info)) return;
                    on_event(Event::stop_asked);
                })));
    }
    signal_sources_.push_back(
            BOX_TRY(loop_->add_signal(kReload, [this](const signalfd_siginfo&) { on_reload(); })));
    signal_sources_.push_back(BOX_TRY(loop_->add_signal(SIGWINCH, [this](const signalfd_siginfo&) {
        if (console_) console_->resize();
    })));
    return {};
}

/// The box does not end before the last of them is reaped, which no descriptor of ours tells.
void Machine::watch_dismissed() {
    constexpr uint64_t kPause = event::kSecond / 4;
    dismissed_timer_ = loop_->add_timer(event::kNever, [] {});
    dismissed_ = loop_->add_hook([this] {
        const bool some = os::reap_dismissed();
        dismissed_timer_.set_deadline(some ? event::now_us() + kPause : event::kNever);
    });
}

Result<void> Machine::watch_notify() {
    if (!box_.notify.valid()) return {};
    notify_ = BOX_TRY(NotifySocket::watch(*loop_, box_.notify, box_.leader,
                                          [this](const Notice& notice) { on_notice(notice); }));
    return {};
}

Result<void> Machine::watch_control() {
    if (listener_.get() < 0) return {};
    control_ = BOX_TRY(Control::create(
            *loop_, listener_, [this](Question question) { on_question(std::move(question)); }));
    return {};
}

void Machine::on_question(Question question) {
    const auto ask = json::get_string(question.value, "ask");
    if (ask && *ask == "start") return jobs_.start(std::move(question));
    if (ask && *ask == "signal") return jobs_.signal(question);
    if (ask && *ask == "console" && console_) return console_->admit(std::move(question));
    const Error error = !ask ? ask.error()
                        : *ask == "console"
                                ? Error("machine " + quote(record_.name) + " has no console")
                                : Error("cannot be asked for " + quote(*ask));
    // Who asked has left when this fails.
    (void)state::send_refusal(question.connection, error).has_value();
}

/// One that was ready before another image took over is ready.
Result<void> Machine::watch_readiness() {
    manager_.attach(*loop_);
    manager_.set_leader(box_.leader, box_.pidfd);
    tell_manager();
    if (record_.ready) {
        on_ready();
        return {};
    }
    return readiness_.start(console_ ? &console_->tap() : nullptr);
}

/// What PID 1 says is shown. It decides nothing, but readiness where the rule is to ask it.
void Machine::on_notice(const Notice& notice) {
    if (notice.status) record_.status = *notice.status;
    if (notice.error) manager_.set_error(*notice.error);
    // An init that has begun to stop may come back without an end of it (systemctl soft-reboot).
    if (phase_ == Phase::running && notice.stopping) record_.phase = "stopping";
    if (phase_ == Phase::running && notice.ready && record_.ready) record_.phase = "running";
    readiness_.hear(notice);
    write_record();
    tell_manager();
}

void Machine::on_ready() {
    const bool known = record_.ready;
    record_.ready = true;
    if (!known && phase_ == Phase::running) record_.phase = "running";
    if (!known) write_record();
    manager_.set_ready();
    tell_manager();
}

void Machine::tell_manager() {
    std::string status = record_.phase == "starting"  ? "Starting"
                         : record_.phase == "running" ? "Running"
                                                      : "Stopping";
    if (!record_.status.empty()) status += ": " + record_.status;
    manager_.set_status(status);
    manager_.tell();
}

void Machine::write_record() {
    const auto written = state::write(record_);
    if (!written) log::warning(written.error().message());
}

bool Machine::has_console() const {
    return !box_.terminals.empty() && box_.terminals.front().index == 0;
}

/// A box with systemd answers for itself, and nobody would ask on a host without.
bool Machine::wants_endpoint() const {
    if (record_.mode != "boot" || record_.init_kind == "systemd") return false;
    return access("/run/systemd/system", F_OK) == 0;
}

endpoint::Endpoint::Hooks Machine::endpoint_hooks() {
    endpoint::Endpoint::Hooks hooks;
    hooks.power = [this](endpoint::Power power) { on_power(power); };
    hooks.signal = [this](int signal) {
        // It may have ended by now.
        (void)os::send_signal(box_.pidfd, signal).has_value();
    };
    hooks.killed = [this] { kill_box(); };
    hooks.leader = [this](pid_t leader) {
        no_companion_.reset();
        if (std::exchange(companion_missed_, false)) {
            log::notice("machinectl shell works for machine '" + record_.name + "' from now on");
        }
        set_leader(leader);
    };
    hooks.leaderless = [this] {
        if (registration_) registration_->drop_leader();
    };
    hooks.unavailable = [this](const Error& why) {
        // A box that is ending takes its companion along before its PID 1 is seen to end.
        const std::string text = "machinectl shell will not work for machine '" + record_.name +
                                 "': " + why.message();
        no_companion_ = loop_->add_timer(event::now_us() + event::kSecond, [this, text] {
            log::notice(text);
            companion_missed_ = true;
            // It can be listed and ended all the same.
            set_leader(box_.leader);
        });
    };
    return hooks;
}

/// Once a machine, and only what stays: who runs a command is told nothing about his host.
void Machine::check_host() {
    if (record_.mode != "boot" || access("/run/systemd/system", F_OK) != 0) return;
    host_check_.emplace(*loop_, [](const std::string& flaw) { log::warning(flaw); });
}

/// Before anything here has machined started.
void Machine::forget_earlier() const {
    const auto records = os::open_host(kMachinedRecords, O_RDONLY | O_DIRECTORY);
    if (!records && records.error().code() == ENOENT) return;
    const auto forgotten = records ? forget_dead_machine(*records, record_.name) : records.error();
    if (!forgotten) return log::warning(forgotten.error().message());
    if (*forgotten) log::debug("machined had not heard of the end of an earlier machine");
}

void Machine::prepare_registration() {
    if (record_.registration == "no") return;
    forget_earlier();
    bus::MachineRequest request;
    request.name = record_.name;
    // Text that we made ourselves; without an id machined shows none.
    const auto id = state::from_hex(record_.uuid);
    if (id) request.id.assign(id->begin(), id->end());
    request.root = record_.root;
    const unsigned index =
            record_.host_link.empty() ? 0 : if_nametoindex(record_.host_link.c_str());
    if (index != 0) request.interfaces = {static_cast<int32_t>(index)};
    registration_.emplace(
            *loop_, std::move(request), [this] { return control_address(); },
            [this](const Error& why) { on_unregistered(why); });
}

Result<std::string> Machine::control_address() {
    if (instance_ == nullptr) {
        Instance::Hooks hooks;
        hooks.terminate = [this] {
            terminated_ = true;
            on_event(Event::kill_asked);
        };
        hooks.power_off = [this] { on_power(endpoint::Power::off); };
        hooks.reboot = [this] { on_power(endpoint::Power::reboot); };
        instance_ = BOX_TRY(Instance::create(*loop_, record_, std::move(hooks)));
    }
    return instance_->address();
}

/// This process stands for the machine from now on.
void Machine::set_leader(pid_t leader) {
    log::debug(format("machine '%s' is represented by process %d", record_.name.c_str(), leader));
    if (registration_) registration_->set_leader(leader);
}

/// Said once; what was registered and is no longer comes back with machined.
void Machine::on_unregistered(const Error& why) {
    const std::string text =
            "machine '" + record_.name + "' is not registered with systemd-machined: ";
    if (record_.registration == "required" && phase_ == Phase::running) {
        log::error(text + why.message());
        killed_code_ = why.exit_code();
        enter_phase(Phase::killing);
        return kill_box();
    }
    if (!std::exchange(registration_failed_, true)) log::notice(text + why.message());
}

/// Asked again, a box that is at it already is left in peace: it is not somebody at the console who
/// has lost patience.
void Machine::on_power(endpoint::Power power) {
    const Event event = power == endpoint::Power::off ? Event::stop_asked : Event::reboot_asked;
    const bool at_it = phase_ == Phase::stopping || phase_ == Phase::killing;
    if (!at_it) on_event(event);
}

void Machine::on_escape(console::Escape escape) {
    switch (escape) {
        case console::Escape::kill:
            return on_event(Event::kill_asked);
        case console::Escape::poweroff:
            return on_event(Event::stop_asked);
        case console::Escape::reboot:
            return on_event(Event::reboot_asked);
    }
}

void Machine::enter_phase(Phase phase) {
    if (phase == phase_) return;
    phase_ = phase;
    record_.phase = "stopping";
    write_record();
    // A box that reboots is not stopping for who manages us.
    if (phase != Phase::rebooting) manager_.set_stopping();
    tell_manager();
}

void Machine::on_event(Event event) {
    const Transition transition = supervise::transition(phase_, event);
    enter_phase(transition.next);
    act(transition.action);
}

void Machine::act(Action action) {
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

/// Who is frozen cannot do what it is asked.
void Machine::wake() const {
    if (record_.cgroup.empty()) return;
    const auto machine = os::open_host(record_.cgroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const auto thawed = machine ? cgroup::thaw_box(*machine) : machine.error();
    if (!thawed && thawed.error().code() != ENOENT) log::warning(thawed.error().message());
}

void Machine::ask(const state::Request& request, const char* what) {
    wake();
    if (record_.stop_timeout != state::kNoTimeout) {
        deadline_ =
                loop_->add_timer(event::now_us() + uint64_t{record_.stop_timeout} * event::kSecond,
                                 [this] { on_event(Event::deadline); });
    }
    log::debug(std::string("asking the init to ") + what);
    init_.ask(request, [this](int signal) {
        killed_code_ = 128 + signal;
        enter_phase(Phase::killing);
        kill_box();
    });
}

void Machine::kill_box() {
    // With PID 1 the kernel ends every process of the PID namespace, also those that entered later.
    const auto sent = os::send_signal(box_.pidfd, SIGKILL);
    if (!sent && sent.error().code() != ESRCH) log::error(sent.error().message());
}

/// What has only begun, another image could not finish.
void Machine::on_reload() {
    std::string obstacle;
    if (phase_ != Phase::running) obstacle = "the machine is stopping";
    if ((endpoint_ && endpoint_->starting()) || jobs_.starting())
        obstacle = "a program is being started in it; try again";
    if (obstacle.empty()) {
        readiness_.interrupt();
        if (record_.ready) manager_.set_reloading();
        manager_.tell();
        return loop_->exit(0);
    }
    const auto answered = answer_reload(obstacle);
    if (!answered) log::warning(answered.error().message());
}

Result<void> Machine::answer_reload(const std::string& failure) {
    record_.reloads++;
    record_.reload_failure = failure;
    if (record_.ready) manager_.set_ready();
    manager_.tell();
    return state::write(record_);
}

Result<void> Machine::watch() {
    BOX_TRY(watch_leader());
    BOX_TRY(watch_signals());
    watch_dismissed();
    BOX_TRY(watch_notify());
    BOX_TRY(watch_control());
    if (!has_console()) return {};
    console_.emplace(*loop_, record_, box_.terminals.front().master);
    log_ = BOX_TRY(LogKeeper::open(*loop_, console_->tap(), record_));
    return {};
}

Result<std::unique_ptr<Machine>> Machine::create(launch::RunningBox& box, state::Record record,
                                                 Around around) {
    auto loop = BOX_TRY(event::Loop::create());
    std::unique_ptr<Machine> machine(new Machine(std::move(loop), box, std::move(record), around));
    BOX_TRY(machine->watch());
    if (machine->console_) {
        BOX_TRY(machine->console_->open(
                [&machine = *machine](console::Escape escape) { machine.on_escape(escape); }));
    }
    machine->prepare_registration();
    if (machine->wants_endpoint()) {
        machine->endpoint_.emplace(*machine->loop_, machine->record_, machine->endpoint_hooks());
        machine->endpoint_->start();
    } else {
        machine->set_leader(box.leader);
    }
    BOX_TRY(machine->watch_readiness());
    machine->check_host();
    return machine;
}

Outcome Machine::outcome() {
    // A reload keeps no half of a line: the next image begins another entry.
    if (!status_) {
        if (log_) log_->finish();
        return {Outcome::Kind::reload, 0};
    }
    box_.pidfd.reset();  // reaped
    if (console_) console_->close();
    if (log_) log_->finish();
    Outcome outcome = outcome_of(*status_, record_.mode == "boot", phase_);
    if (outcome.kind == Outcome::Kind::killed && killed_code_ != 0) outcome.code = killed_code_;
    // An end that was asked for is no failure of the unit, which could be to start again then.
    if (outcome.kind == Outcome::Kind::killed && terminated_)
        outcome = {Outcome::Kind::power_off, 0};
    if (outcome.kind == Outcome::Kind::reboot) {
        // Until the next life writes its own.
        record_.phase = "starting";
        record_.ready = false;
        write_record();
    }
    return outcome;
}

Result<Outcome> Machine::run() {
    // What start-up needed is not needed any more; the box may run for years.
    if (record_.mode == "boot") malloc_trim(0);
    BOX_TRY(loop_->run());
    return outcome();
}

}  // namespace boxctl::supervise
