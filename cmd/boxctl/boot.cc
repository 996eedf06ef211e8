// SPDX-License-Identifier: LGPL-2.1-or-later
// From valid settings to the end of the machine: probe, plan, reserve, launch, supervise.
#include "cmd/boxctl/boot.h"

#include <algorithm>
#include <cstdlib>

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "cmd/boxctl/attempt.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/event/signal_mask.h"
#include "lib/host/facts.h"
#include "lib/launch/launch.h"
#include "lib/net/apply.h"
#include "lib/plan/plan.h"
#include "lib/settings/values.h"
#include "lib/state/binds.h"
#include "lib/state/control.h"
#include "lib/state/handover.h"
#include "lib/state/record.h"
#include "lib/supervise/machine.h"
#include "lib/supervise/reload.h"

namespace boxctl::cmd {
namespace {

Result<state::ProcessIdentity> identify(pid_t pid) {
    return state::ProcessIdentity{pid, BOX_TRY(os::start_time(pid))};
}

Result<state::Record> make_record(const plan::Plan& plan, const launch::Reservation& reservation,
                                  const launch::RunningBox& box) {
    state::Record record;
    record.name = plan.name;
    record.mode = plan.mode == settings::Mode::boot ? "boot" : "run";
    record.ready = plan.ready.kind == settings::ReadyRule::Kind::started;
    record.ready_rule = settings::write_ready(plan.ready);
    record.registration = plan::to_string(plan.registration);
    record.phase = record.ready ? "running" : "starting";
    record.root = plan.mounts.root.path;
    record.uuid = plan.uuid;
    record.init = plan.process.arguments.front();
    record.init_kind = host::to_string(plan.stop.kind);
    record.contained = plan.contained();
    record.user_namespace = plan.namespaces.user;
    record.map_owners = plan.mounts.root.idmapped;
    record.namespaces = plan.namespaces.flags();
    record.capabilities = plan.security.capabilities;
    record.no_new_privileges = plan.security.no_new_privileges;
    record.system_calls = security::describe(plan.security.calls);
    if (plan.security.families) {
        record.address_families = security::describe_families(*plan.security.families);
    }
    record.id_base = reservation.ids().base;
    record.id_count = reservation.ids().count;
    record.supervisor = BOX_TRY(identify(getpid()));
    record.leader = BOX_TRY(identify(box.leader));
    record.started = static_cast<uint64_t>(time(nullptr));
    record.cgroup = reservation.cgroup().machine_dir;
    record.devices_restricted = plan.devices.restricted;
    record.unit = plan.cgroup.scope.unit;
    record.console = plan::to_string(plan.console.mode);
    record.log = plan::to_string(plan.console.log);
    // Where standard output went to the box, the console is shown on standard error.
    const bool shown = isatty(STDOUT_FILENO) == 1 || !plan.console.passed[1];
    record.console_output = shown ? STDOUT_FILENO : STDERR_FILENO;
    for (const rootfs::TerminalEnd& terminal : box.terminals) {
        record.terminals.emplace_back(terminal.index, terminal.master.get());
    }
    record.host_link = box.cable.name;
    record.poweroff = {plan.stop.poweroff.signal, plan.stop.poweroff.command};
    record.reboot = {plan.stop.reboot.signal, plan.stop.reboot.command};
    static_assert(settings::kNoTimeout == state::kNoTimeout);
    record.stop_timeout = plan.stop.timeout;
    record.notes = plan.notes;
    return record;
}

Result<plan::Plan> plan_machine(const settings::Settings& wanted, os::BorrowedFd root) {
    host::HostFacts have = host::probe_host();
    if (have.uid != 0 && !wanted.tool.dry_run.value) {
        Error error("boxctl has to be started as root");
        error.set_hint("try: sudo boxctl …");
        return error;
    }
    have.credentials = BOX_TRY(host::read_credentials(wanted));
    have.bound_users = BOX_TRY(host::read_bound_users(wanted));
    return plan::make_plan(wanted, have, BOX_TRY(host::probe_root(wanted, have, root)));
}

void greet(const plan::Plan& plan) {
    for (const std::string& note : plan.notes)
        log::notice(note);
    if (!plan.contained()) {
        log::notice("machine '" + plan.name +
                    "' is privileged: its root is the host's, no boundary");
    }
    if (plan.mode == settings::Mode::boot && plan.console.mode == plan::ConsoleMode::interactive) {
        log::notice(
                "machine '" + plan.name +
                "' starts; press ^] three times to kill it, ^]^]p to power off, ^]^]r to reboot");
    }
}

/// A machine over all its lives.
struct Run {
    ReadSettings read_settings;
    os::UniqueFd root;
    launch::Reservation reservation;
    supervise::Manager& manager;
    bool keep_unit = false;
    settings::Front front = settings::Front::boxctl;
    os::UniqueFd control = {};  ///< where verbs ask; from the first life on

    [[nodiscard]] supervise::Around around() const { return {manager, control}; }
};

/// Everything that another image of this program needs to go on.
state::Outgoing pack(const Run& run, const launch::RunningBox& box,
                     const supervise::Machine& machine) {
    state::Outgoing outgoing;
    outgoing.values["root"] = outgoing.add(run.root);
    outgoing.values["keep_unit"] = run.keep_unit;
    outgoing.values["control"] = outgoing.add(run.control);
    outgoing.values["log_level"] = static_cast<unsigned>(log::level());
    outgoing.values["reservation"] = run.reservation.pack(outgoing);
    outgoing.values["box"] = box.pack(outgoing);
    outgoing.values["machine"] = machine.pack(outgoing);
    return outgoing;
}

/// Returns only when it fails; the box runs on all the same.
Error reload(const Run& run, const launch::RunningBox& box, const supervise::Machine& machine) {
    auto path = os::own_program();
    if (!path) return std::move(path).error();
    return supervise::replace_image(*path, pack(run, box, machine));
}

/// A full disk keeps whoever waits for the answer from it, but costs no box.
void answer_reload(supervise::Machine& machine, const std::string& failure) {
    const auto answered = machine.answer_reload(failure);
    if (!answered) log::warning(answered.error().message());
}

Result<supervise::Outcome> stay(const Run& run, const launch::RunningBox& box,
                                supervise::Machine& machine) {
    supervise::Outcome outcome = BOX_TRY(machine.run());
    while (outcome.kind == supervise::Outcome::Kind::reload) {
        const Error error = reload(run, box, machine);
        log::warning("reload: " + error.message());
        answer_reload(machine, error.message());
        outcome = BOX_TRY(machine.run());
    }
    if (!machine.record().host_link.empty()) {
        // The kernel removes it with the box's network, but only some time after the last process.
        const auto removed = net::remove_veth(machine.record().name);
        if (!removed) log::warning(removed.error().message());
    }
    return outcome;
}

/// How one life ended, and of whom.
struct Life {
    supervise::Outcome outcome;
    std::string name;
    std::string uuid;
};

/// One life of the box, from its first process to its last.
Result<Life> live(Run& run, Attempt& attempt) {
    const plan::Plan& plan = *attempt.plan;
    attempt.phase = "building the box";
    launch::RunningBox box = BOX_TRY(launch::build(plan, run.reservation, run.root));
    // While PID 1 confines itself; until it has, nobody is to find it and enter.
    const state::Record record = BOX_TRY(make_record(plan, run.reservation, box));
    os::NewFile recorded = BOX_TRY(state::prepare(record));
    if (!run.control.valid()) run.control = BOX_TRY(state::listen_for_control(plan.name));
    attempt.phase = "confining its first process";
    BOX_TRY(launch::await_confined(box));
    BOX_TRY(recorded.publish().context("record the state of " + quote(plan.name)));
    attempt.phase = "executing its first program";
    BOX_TRY(launch::execute(box));
    forget_failure(plan.name);
    attempt.phase = "looking after the box";
    const auto machine = BOX_TRY(supervise::Machine::create(box, record, run.around()));
    return Life{BOX_TRY(stay(run, box, *machine)), plan.name, plan.uuid};
}

/// The plan of the next life: settings and tree may have changed since, the machine stays who it
/// is.
Result<plan::Plan> plan_again(const Run& run, const Life& before) {
    settings::Settings wanted = BOX_TRY(run.read_settings());
    wanted.image.machine.value = before.name;
    wanted.exec.uuid.value = before.uuid;
    return plan_machine(wanted, run.root);
}

/// systemd-nspawn(1), EXIT STATUS: what died of a signal failed, and 133 is no status of a
/// payload's.
int exit_status(settings::Front front, const supervise::Outcome& outcome) {
    if (front == settings::Front::boxctl) return outcome.code;
    return outcome.by_signal || outcome.code == kRebootAsked ? kNspawnFailure : outcome.code;
}

/// The box is no more: nothing is left to be stopped, and the exit status is to be the box's.
/// machined 262 sends SIGTERM to who registered a machine that has ended.
Result<void> ignore_late_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        BOX_TRY(os::ignore_signal(signal));
    return {};
}

/// From the end of one life to the end of the last; returns the exit status.
Result<int> live_on(Run& run, Life life, Attempt& attempt) {
    while (life.outcome.kind == supervise::Outcome::Kind::reboot && !run.keep_unit) {
        log::notice("machine '" + life.name + "' reboots");
        const auto forgotten = state::forget_binds(life.name);
        if (!forgotten) log::warning(forgotten.error().message());
        attempt.phase = "planning its next life";
        attempt.plan = BOX_TRY(plan_again(run, life).context("reboot"));
        life = BOX_TRY(live(run, attempt));
    }
    BOX_TRY(ignore_late_signals());
    // Who keeps the unit starts the next life, and finds all of it.
    if (life.outcome.kind == supervise::Outcome::Kind::reboot) return kRebootAsked;
    const auto released = run.reservation.release();
    if (!released) log::warning(released.error().message());
    return exit_status(run.front, life.outcome);
}

/// From here on a signal waits until the supervisor can act on it; the payload resets this.
event::SignalMask block_signals() {
    return event::SignalMask({SIGTERM, SIGINT, SIGHUP, SIGWINCH, supervise::kReload});
}

Result<int> start(Attempt& attempt, os::UniqueFd root, ReadSettings read_settings) {
    const settings::Settings& wanted = attempt.wanted;
    attempt.plan = BOX_TRY(plan_machine(wanted, root));
    const plan::Plan& plan = *attempt.plan;
    if (wanted.tool.dry_run.value) {
        return print(wanted.tool.json.value ? plan::print_plan_json(plan) : plan::print_plan(plan));
    }
    const event::SignalMask mask = block_signals();
    BOX_TRY(os::ignore_signal(SIGPIPE));
    BOX_TRY(os::ignore_signal(SIGXFSZ));  // a limit on file sizes costs a log, not the box
    supervise::Manager manager(supervise::Manager::read_address(&getenv, getpid()));
    const std::string former = supervise::former_end(&getenv, getpid());
    if (!former.empty()) log::notice("machine '" + plan.name + "': " + former);
    attempt.phase = "taking the name, the tree, ids and a cgroup";
    Run run{std::move(read_settings),
            std::move(root),
            BOX_TRY(launch::Reservation::take(plan)),
            manager,
            plan.keep_unit,
            wanted.front};
    greet(plan);
    Life life = BOX_TRY(live(run, attempt));
    return live_on(run, std::move(life), attempt);
}

/// The socket of the image before this one. Without one a box is worse off, but not lost.
os::UniqueFd take_control(state::Incoming& incoming, const std::string& name) {
    if (json::find(incoming.values, "control") != nullptr) {
        auto taken = incoming.take(incoming.values, "control");
        if (taken && taken->valid()) return std::move(taken).value();
    }
    auto made = state::listen_for_control(name);
    if (made) return std::move(made).value();
    log::warning(made.error().message());
    return {};
}

/// The life in the middle of which another image of this program left it.
Result<Life> rest_of_life(Run& run, state::Incoming& incoming) {
    const json::Value& values = incoming.values;
    launch::RunningBox box = BOX_TRY(
            launch::RunningBox::unpack(*BOX_TRY(json::get_object(values, "box")), incoming));
    const json::Value& packed = *BOX_TRY(json::get_object(values, "machine"));
    const state::Record record =
            BOX_TRY(state::from_json(BOX_TRY(json::get_string(packed, "record"))));
    run.control = take_control(incoming, record.name);
    const auto machine = BOX_TRY(supervise::Machine::resume(box, packed, incoming, run.around()));
    answer_reload(*machine, "");
    const supervise::Outcome outcome = BOX_TRY(stay(run, box, *machine));
    return Life{outcome, machine->record().name, machine->record().uuid};
}

Result<int> take_over(os::UniqueFd handover, ReadSettings read_settings, settings::Front front) {
    const event::SignalMask mask = block_signals();
    state::Incoming incoming = BOX_TRY(state::Incoming::open(std::move(handover)));
    const json::Value& values = incoming.values;
    const uint64_t level = BOX_TRY(json::get_u64(values, "log_level"));
    log::set_level(static_cast<log::Level>(std::min<uint64_t>(level, 4)));
    supervise::Manager manager(supervise::Manager::read_address(&getenv, getpid()));
    Run run{std::move(read_settings),
            BOX_TRY(incoming.take(values, "root")),
            BOX_TRY(launch::Reservation::unpack(*BOX_TRY(json::get_object(values, "reservation")),
                                                incoming)),
            manager,
            BOX_TRY(json::get_bool(values, "keep_unit")),
            front};
    Life life = BOX_TRY(rest_of_life(run, incoming));
    const settings::Settings unknown;  // of the life that was taken over
    Attempt attempt(unknown);
    auto status = live_on(run, std::move(life), attempt);
    if (!status) keep_failure(attempt, status.error());
    return status;
}

int exit_status(settings::Front front, const Result<int>& status) {
    return status ? *status : fail_start(front, status.error());
}

}  // namespace

int boot_machine(const settings::Settings& settings, os::UniqueFd root,
                 ReadSettings read_settings) {
    Attempt attempt(settings);
    const auto status = start(attempt, std::move(root), std::move(read_settings));
    if (!status) keep_failure(attempt, status.error());
    return exit_status(settings.front, status);
}

int take_over_machine(os::UniqueFd handover, ReadSettings read_settings, settings::Front front) {
    return exit_status(
            front,
            take_over(std::move(handover), std::move(read_settings), front).context("reload"));
}

}  // namespace boxctl::cmd
