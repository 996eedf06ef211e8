// SPDX-License-Identifier: LGPL-2.1-or-later
// From valid settings to the end of the machine: probe, plan, reserve, launch, supervise.
#include "cmd/boxctl/boot.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/event/signal_mask.h"
#include "lib/host/facts.h"
#include "lib/launch/launch.h"
#include "lib/net/apply.h"
#include "lib/plan/plan.h"
#include "lib/state/record.h"
#include "lib/supervise/machine.h"

namespace boxctl::cmd {
namespace {

constexpr int kRebootAsked = 133;  ///< what systemd's units restart on (RestartForceExitStatus=)

Result<state::ProcessIdentity> identify(pid_t pid) {
    return state::ProcessIdentity{pid, BOX_TRY(os::start_time(pid))};
}

Result<state::Record> make_record(const plan::Plan& plan, const launch::Reservation& reservation,
                                  const launch::RunningBox& box) {
    state::Record record;
    record.name = plan.name;
    record.mode = plan.mode == settings::Mode::boot ? "boot" : "run";
    record.phase = "running";
    record.root = plan.mounts.root.path;
    record.uuid = plan.uuid;
    record.init = plan.process.arguments.front();
    record.init_kind = host::to_string(plan.stop.kind);
    record.contained = plan.contained();
    record.user_namespace = plan.namespaces.user;
    record.namespaces = plan.namespaces.flags();
    record.capabilities = plan.security.capabilities;
    record.no_new_privileges = plan.security.no_new_privileges;
    record.id_base = reservation.ids().base;
    record.id_count = reservation.ids().count;
    record.supervisor = BOX_TRY(identify(getpid()));
    record.leader = BOX_TRY(identify(box.leader));
    record.started = static_cast<uint64_t>(time(nullptr));
    record.cgroup = plan.cgroup.machine_dir;
    record.console = plan::to_string(plan.console.mode);
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
    const host::HostFacts have = host::probe_host();
    if (have.uid != 0 && !wanted.tool.dry_run.value) {
        Error error("boxctl has to be started as root");
        error.set_hint("try: sudo boxctl …");
        return error;
    }
    return plan::make_plan(wanted, have, BOX_TRY(host::probe_root(wanted, have, root)));
}

void greet(const plan::Plan& plan) {
    for (const std::string& note : plan.notes)
        log::notice(note);
    if (plan.mode != settings::Mode::boot) return;
    if (!plan.contained()) {
        log::notice("machine '" + plan.name +
                    "' is privileged: its root is the host's, no boundary");
    }
    if (plan.console.mode == plan::ConsoleMode::interactive) {
        log::notice(
                "machine '" + plan.name +
                "' starts; press ^] three times to kill it, ^]^]p to power off, ^]^]r to reboot");
    }
}

/// One life of the box, from its first process to its last.
Result<supervise::Outcome> live(const plan::Plan& plan, launch::Reservation& reservation,
                                os::BorrowedFd root) {
    launch::RunningBox box = BOX_TRY(launch::build(plan, reservation, root));
    // While PID 1 confines itself.
    state::Record record = BOX_TRY(make_record(plan, reservation, box));
    BOX_TRY(launch::await_confined(box));
    BOX_TRY(state::write(record));
    BOX_TRY(launch::execute(box));
    auto outcome = supervise::supervise(box, std::move(record));
    if (plan.network.veth) {
        // The kernel removes it with the box's network, but only some time after the last process.
        const auto removed = net::remove_veth(plan.name, plan.network);
        if (!removed) log::warning(removed.error().message());
    }
    return outcome;
}

/// The plan of the next life: the tree may have changed since, the machine stays who it is.
Result<plan::Plan> plan_again(settings::Settings wanted, const plan::Plan& before,
                              os::BorrowedFd root) {
    wanted.image.machine.value = before.name;
    wanted.exec.uuid.value = before.uuid;
    return plan_machine(wanted, root);
}

Result<int> run_machine(const settings::Settings& wanted, plan::Plan plan, os::BorrowedFd root) {
    // From here on a signal waits until the supervisor can act on it; the payload resets this.
    const event::SignalMask mask({SIGTERM, SIGINT, SIGHUP, SIGWINCH, supervise::kGiveConsole});
    BOX_TRY(os::ignore_signal(SIGPIPE));
    launch::Reservation reservation = BOX_TRY(launch::Reservation::take(plan));
    greet(plan);
    while (true) {
        const supervise::Outcome outcome = BOX_TRY(live(plan, reservation, root));
        if (outcome.kind != supervise::Outcome::Kind::reboot) {
            const auto released = reservation.release();
            if (!released) log::warning(released.error().message());
            return outcome.code;
        }
        if (plan.keep_unit) return kRebootAsked;
        if (!plan.quiet) log::notice("machine '" + plan.name + "' reboots");
        plan = BOX_TRY(plan_again(wanted, plan, root).context("reboot"));
    }
}

Result<int> start(const settings::Settings& wanted) {
    const os::UniqueFd root = BOX_TRY(host::open_root(wanted.image.directory.value));
    plan::Plan plan = BOX_TRY(plan_machine(wanted, root));
    if (wanted.tool.dry_run.value) {
        return print(wanted.tool.json.value ? plan::print_plan_json(plan) : plan::print_plan(plan));
    }
    return run_machine(wanted, std::move(plan), root);
}

}  // namespace

int boot_machine(const settings::Settings& settings) {
    const auto status = start(settings);
    if (status) return *status;
    log::error(status.error().message());
    return status.error().exit_code();
}

}  // namespace boxctl::cmd
