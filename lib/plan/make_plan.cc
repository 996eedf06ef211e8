// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "lib/base/text.h"
#include "lib/host/account_files.h"
#include "lib/os/file.h"
#include "lib/plan/plan.h"
#include "lib/plan/process.h"
#include "lib/security/address_families.h"
#include "lib/security/capability.h"
#include "lib/settings/dump.h"

namespace boxctl::plan {
namespace {

using settings::Mode;
using settings::Settings;

userns::IdPlan plan_ids(const settings::UserRange& wanted, const std::string& name) {
    userns::IdPlan ids;
    ids.seed = name;
    switch (wanted.kind) {
        case settings::UserRange::Kind::pick:
            ids.kind = userns::IdPlan::Kind::pick;
            break;
        case settings::UserRange::Kind::no:
            ids.kind = userns::IdPlan::Kind::host;
            break;
        case settings::UserRange::Kind::identity:
            ids.kind = userns::IdPlan::Kind::identity;
            break;
        case settings::UserRange::Kind::fixed:
            ids.kind = userns::IdPlan::Kind::fixed;
            ids.base = wanted.base;
            ids.count = wanted.count;
            break;
    }
    return ids;
}

NamespacePlan plan_namespaces(const Settings& wanted, const host::HostFacts& have,
                              const userns::IdPlan& ids) {
    const settings::SharedNamespaces& share = wanted.security.share.value;
    NamespacePlan plan;
    plan.user = ids.has_namespace();
    plan.network = wanted.network.is_private();
    plan.ipc = !share.ipc;
    plan.uts = !share.uts;
    plan.cgroup = !share.cgroup;
    plan.time = !share.time && have.time_namespaces;
    plan.clocks_from_zero = plan.time && wanted.exec.clock_offset.value;
    return plan;
}

/// A service's output is the journal, which has no reader that could be disturbed: the console is
/// free for whoever attaches.
ConsoleMode auto_mode(Mode mode, const host::HostFacts& have) {
    if (have.input_tty && have.output_tty) return ConsoleMode::interactive;
    if (mode == Mode::run) return ConsoleMode::pipe;
    return have.output_journal ? ConsoleMode::passive : ConsoleMode::read_only;
}

ConsolePlan plan_console(const Settings& wanted, const host::HostFacts& have,
                         const host::RootFacts& root) {
    ConsolePlan plan;
    const bool terminal = have.input_tty && have.output_tty;
    const bool shows_console = wanted.mode == Mode::boot || wanted.front == settings::Front::nspawn;
    switch (wanted.console.console.value) {
        case settings::Console::auto_:
            plan.mode = auto_mode(shows_console ? Mode::boot : Mode::run, have);
            break;
        case settings::Console::interactive:
            plan.mode = ConsoleMode::interactive;
            break;
        case settings::Console::read_only:
            plan.mode = ConsoleMode::read_only;
            break;
        case settings::Console::passive:
            plan.mode = ConsoleMode::passive;
            break;
        case settings::Console::pipe:
            plan.mode = ConsoleMode::pipe;
            break;
        case settings::Console::autopipe:
            plan.mode = terminal ? ConsoleMode::interactive : ConsoleMode::pipe;
            break;
    }
    if (plan.mode == ConsoleMode::pipe) {
        plan.passed = std::array<bool, 3>{!have.input_tty, !have.output_tty, !have.error_tty};
        plan.terminal = have.input_tty || have.output_tty || have.error_tty;
    }
    if (plan.mode == ConsoleMode::read_only || plan.mode == ConsoleMode::passive) {
        plan.log = have.output_journal ? ConsoleLog::journal : ConsoleLog::file;
    }
    if (wanted.mode == Mode::boot) plan.ttys = root.ttys;
    return plan;
}

std::vector<security::ResourceLimit> plan_limits(const Settings& wanted,
                                                 const host::HostFacts& have) {
    const auto unlimited = [](uint64_t known) { return known == 0 ? security::kUnlimited : known; };
    const uint64_t processes = unlimited(have.init_processes);
    const uint64_t signals = unlimited(have.init_pending_signals);
    const security::HostLimits host = {
            .nr_open = have.nr_open,
            .processes = {RLIMIT_NPROC, processes, processes},
            .pending_signals = {RLIMIT_SIGPENDING, signals, signals},
    };
    std::vector<security::ResourceLimit> asked;
    for (const settings::LimitSetting& setting : wanted.security.rlimits.value)
        asked.push_back(setting.limit);
    return security::override_limits(security::default_limits(host), asked);
}

SecurityPlan plan_security(const Settings& wanted, const host::HostFacts& have,
                           bool private_network, bool contained) {
    SecurityPlan plan;
    plan.capabilities = (security::default_capabilities(private_network) |
                         wanted.security.add_capabilities.value) &
                        ~wanted.security.drop_capabilities.value;
    // Of a network that belongs to another user namespace it could not be made use of, and whoever
    // has it would take it for the right to try (systemd-nspawn does the same).
    if (contained && !private_network) {
        plan.capabilities &= ~security::capability_bit(CAP_NET_BIND_SERVICE) |
                             wanted.security.add_capabilities.value;
    }
    plan.ambient = wanted.security.ambient_capabilities.value;
    plan.calls = wanted.security.calls.value;
    const security::FamilyFilter& families = wanted.security.families.value;
    if (families.kind != security::FamilyFilter::Kind::unset) plan.families = families.families();
    plan.suppress_sync = wanted.security.suppress_sync.value;
    plan.no_new_privileges = wanted.security.no_new_privileges.value;
    plan.limits = plan_limits(wanted, have);
    return plan;
}

/// Compiled once to see whether it can be, and loaded: the kernel takes the last part only from a
/// process that has CAP_SYS_ADMIN or will never gain rights (seccomp(2)).
Result<void> check_filters(const Plan& plan) {
    const SecurityPlan& security = plan.security;
    if (!security.has_own_filter()) return {};
    const auto filters = BOX_TRY(security.own_filters(security.capabilities));
    const uint64_t first = plan.process.user.uid == 0 ? security.capabilities : security.ambient;
    const bool may_load =
            security.no_new_privileges || (first & security::capability_bit(CAP_SYS_ADMIN)) != 0;
    if (filters.last.empty() || may_load) return {};
    Error error("the system call filter denies what the start itself calls");
    error.set_hint("--no-new-privileges=yes lets a process without CAP_SYS_ADMIN deny it");
    return error;
}

StopPlan plan_stop(const Settings& wanted, const host::RootFacts& root) {
    StopPlan plan;
    plan.timeout = wanted.exec.stop_timeout.value;
    if (wanted.mode == Mode::boot) {
        plan.kind = root.init_kind;
        const InitLanguage language = language_of(root.init_kind);
        plan.poweroff = language.poweroff;
        plan.reboot = language.reboot;
    } else {
        // A command that listens to SIGTERM gets it; one that does not is killed at once.
        plan.poweroff.signal = SIGTERM;
        if (wanted.exec.as_pid2.value) plan.kind = host::InitKind::box_init;
    }
    if (wanted.exec.kill_signal.value != 0) plan.poweroff = {wanted.exec.kill_signal.value, {}};
    return plan;
}

/// systemd and box-init tell of themselves when all that they start at boot is up (sd_notify(3),
/// READY=1).
Result<settings::ReadyRule> plan_ready(const Settings& wanted, const host::RootFacts& root,
                                       const Plan& plan) {
    using Kind = settings::ReadyRule::Kind;
    settings::ReadyRule rule = wanted.exec.ready.value;
    if (rule.kind == Kind::automatic) {
        const bool tells = plan.mode == Mode::boot &&
                           (plan.stop.kind == host::InitKind::systemd || !root.services.empty());
        rule.kind = tells ? Kind::notify : Kind::started;
    }
    if (rule.kind == Kind::log && !plan.console.terminal) {
        return Error(
                "--ready=log reads the console, but the box has that of the caller; "
                "leave out --console=pipe");
    }
    return rule;
}

RootLock plan_lock(const Settings& wanted, const host::RootFacts& root) {
    RootLock lock;
    lock.path = root_lock_path(root.device, root.inode);
    lock.shared = wanted.image.read_only.value || wanted.image.ephemeral.value ||
                  wanted.image.volatile_.value != settings::Volatile::no;
    return lock;
}

std::string plan_uuid(const Settings& wanted, const host::HostFacts& have,
                      const host::RootFacts& root) {
    // The tree's own id names it, whoever boots it; one of ours is for trees that have none.
    if (!root.machine_id.empty() && !wanted.image.ephemeral.value) return root.machine_id;
    return wanted.exec.uuid.value.empty() ? have.fresh_id : wanted.exec.uuid.value;
}

bool needs_box_init(const Settings& wanted, const host::RootFacts& root) {
    return wanted.exec.as_pid2.value || !root.services.empty();
}

Result<rootfs::MountPlan> mounts_for(const Settings& wanted, const host::HostFacts& have,
                                     const host::RootFacts& root, const Plan& plan) {
    rootfs::MountContext context;
    context.name = plan.name;
    context.uuid = plan.uuid;
    context.contained = plan.contained();
    context.map_owners =
            plan.contained() && wanted.exec.ownership.value != settings::Ownership::off;
    context.user_namespace = plan.namespaces.user;
    context.cgroup_filesystem = plan.cgroup.kind != cgroup::CgroupPlan::Kind::none;
    context.console = plan.console.terminal;
    context.ttys = plan.console.ttys;
    context.propagation = plan.propagation;
    if (needs_box_init(wanted, root)) context.box_init = have.box_init;
    context.users = BOX_TRY(host::place_users(wanted.files, have.bound_users, root.accounts));
    for (const host::PlacedUser& user : context.users) {
        if (!plan.ids.has_namespace() || user.id < plan.ids.count) continue;
        return Error(
                "bind the host's user " + quote(user.host.name) +
                format(": it would be %u in the box, which has %u ids", user.id, plan.ids.count));
    }
    return rootfs::plan_mounts(wanted, have, root, context);
}

Result<void> check_box_init(const Settings& wanted, const host::HostFacts& have,
                            const host::RootFacts& root) {
    if (!needs_box_init(wanted, root) || !have.box_init.empty()) return {};
    const bool services = !root.services.empty();
    Error error((services ? "services of " + quote(root.services) : "--as-pid2") +
                ": box-init is not installed beside boxctl");
    error.set_hint(services ? "--init=PATH boots another init"
                            : "without the option the command itself is PID 1");
    return error;
}

Result<void> check_root(const Settings& wanted, const host::RootFacts& root) {
    if (wanted.mode == Mode::boot && root.init.empty()) {
        Error error(wanted.exec.init.value.empty()
                            ? "no init in " + quote(root.path) +
                                      ": looked for systemd, /sbin/init, /bin/init and /init"
                            : "no init at " + quote(wanted.exec.init.value) + " in " +
                                      quote(root.path));
        error.set_hint("'boxctl run' starts one command in a tree without an init");
        return error;
    }
    return {};
}

void add_notes(Plan& plan, const host::HostFacts& have, const host::RootFacts& root) {
    // A privileged box has no need of that way out.
    if (!root.exposed.empty() && plan.contained()) {
        std::vector<std::string> names;
        for (const std::string& path : root.exposed)
            names.push_back(quote(path));
        plan.notes.push_back(
                "users of this host can run set-user-id programs that the box's root "
                "leaves in " +
                join(names, ", ") + ": keep it below a directory of mode 0700, or mount it nosuid");
    }
    if (!plan.cgroup.note.empty()) plan.notes.push_back(plan.cgroup.note);
    if (!plan.devices.note.empty()) plan.notes.push_back(plan.devices.note);
    if (plan.process.passed_fds.size() < have.passed_fds.size()) {
        plan.notes.emplace_back(
                "box-init is PID 1: the sockets that boxctl was passed stay outside");
    }
    const std::vector<std::string> unknown = security::unknown_calls(plan.security.calls);
    if (!unknown.empty()) {
        plan.notes.push_back("the system call filter names calls that do not exist here: " +
                             join(unknown, ", "));
    }
    if (!have.time_namespaces) {
        plan.notes.emplace_back(
                "this kernel has no time namespaces: the box shows the host's uptime");
    }
}

}  // namespace

Result<security::CompiledFilters> SecurityPlan::own_filters(uint64_t kept) const {
    const auto& standard = security::kDefaultFamilies;
    return security::compile_filters(
            kept, calls,
            families.value_or(std::vector<uint32_t>(standard.begin(), standard.end())));
}

std::string root_lock_path(uint64_t device, uint64_t inode) {
    return format("%s/.locks/inode-%llu:%llu", kStateDirectory,
                  static_cast<unsigned long long>(device), static_cast<unsigned long long>(inode));
}

uint64_t NamespacePlan::flags() const {
    uint64_t flags = CLONE_NEWNS | CLONE_NEWPID;
    if (user) flags |= CLONE_NEWUSER;
    if (network) flags |= CLONE_NEWNET;
    if (ipc) flags |= CLONE_NEWIPC;
    if (uts) flags |= CLONE_NEWUTS;
    if (cgroup) flags |= CLONE_NEWCGROUP;
    if (time) flags |= CLONE_NEWTIME;
    return flags;
}

Result<std::string> machine_name(const Settings& wanted, const std::string& root_path,
                                 const std::string& fresh_id) {
    const std::string& asked = wanted.image.machine.value;
    if (!asked.empty()) {
        const std::string fault = settings::machine_name_fault(asked);
        if (!fault.empty()) return Error("machine name " + quote(asked) + ": " + fault);
        return asked;
    }
    std::string name = settings::name_of_directory(root_path);
    // Throw-away copies of one tree run side by side. In an OCI bundle it is called rootfs, as in
    // all others.
    if (wanted.image.ephemeral.value && !name.empty()) {
        const bool nameless = wanted.front == settings::Front::boxctl && name == "rootfs";
        const std::string above = settings::name_of_directory(os::split_path(root_path).first);
        if (nameless && !above.empty()) name = above;
        name = settings::cut_name(name, 64 - 17) + "-" + fresh_id.substr(0, 16);
    }
    if (!settings::machine_name_fault(name).empty()) {
        Error error("cannot make a machine name from " + quote(root_path));
        error.set_hint("name it with --machine=NAME");
        return error;
    }
    return name;
}

namespace {

/// By itself a machine is registered that somebody could want to log in to, where there is anybody
/// to register it with.
Result<Registration> plan_registration(const Settings& wanted, const host::HostFacts& have) {
    const bool possible = have.services.bus && have.services.machined;
    switch (wanted.exec.registration.value) {
        case settings::Registration::no:
            return Registration::no;
        case settings::Registration::yes:
            break;
        case settings::Registration::auto_:
            return possible && wanted.mode == Mode::boot ? Registration::if_possible
                                                         : Registration::no;
    }
    if (possible) return Registration::required;
    Error error(have.services.bus ? "--register=yes: systemd-machined is not installed"
                                  : "--register=yes: there is no system bus to reach "
                                    "systemd-machined by");
    error.set_hint("--register=auto registers the machine where that is possible");
    return error;
}

}  // namespace

Result<Plan> make_plan(const Settings& wanted, const host::HostFacts& have,
                       const host::RootFacts& root) {
    BOX_TRY(check_root(wanted, root));
    BOX_TRY(check_box_init(wanted, have, root));
    Plan plan;
    plan.mode = wanted.mode;
    plan.quiet = wanted.console.quiet.value;
    plan.keep_unit = wanted.exec.keep_unit.value;
    plan.name = BOX_TRY(machine_name(wanted, root.tree, have.fresh_id));
    plan.uuid = plan_uuid(wanted, have, root);
    plan.ids = plan_ids(wanted.exec.private_users.value, plan.name);
    plan.namespaces = plan_namespaces(wanted, have, plan.ids);
    if (plan.namespaces.uts) {
        plan.hostname = wanted.exec.hostname.value.empty() ? plan.name : wanted.exec.hostname.value;
    }
    plan.network = net::plan_network(wanted.network, plan.name);
    plan.stop = plan_stop(wanted, root);
    plan.cgroup = BOX_TRY(cgroup::plan_cgroup(
            wanted, have, {plan.name, root.bound_devices, plan.stop.poweroff.signal}));
    plan.devices =
            BOX_TRY(cgroup::plan_devices(wanted, have, root, {plan.contained(), plan.cgroup}));
    plan.console = plan_console(wanted, have, root);
    plan.security = plan_security(wanted, have, plan.namespaces.network, plan.contained());
    plan.ready = BOX_TRY(plan_ready(wanted, root, plan));
    plan.registration = BOX_TRY(plan_registration(wanted, have));
    plan.lock = plan_lock(wanted, root);
    if (plan.mode == Mode::boot) {
        plan.propagation = format("%s/%s/propagate", kStateDirectory, plan.name.c_str());
        plan.share_propagation = !have.propagates;
    }
    plan.mounts = BOX_TRY(mounts_for(wanted, have, root, plan));
    plan.process = BOX_TRY(plan_process(wanted, have, root, plan));
    BOX_TRY(check_filters(plan));
    plan.from_files = settings::describe_file_values(wanted);
    if (!have.credentials.empty()) {
        plan.process.environment.emplace_back(std::string("CREDENTIALS_DIRECTORY=") +
                                              rootfs::kCredentials);
    }
    add_notes(plan, have, root);
    return plan;
}

}  // namespace boxctl::plan
