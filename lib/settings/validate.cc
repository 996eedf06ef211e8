// SPDX-License-Identifier: LGPL-2.1-or-later
// Rules between settings. Each knows two or more fields and says which two things contradict.
#include "lib/base/text.h"
#include "lib/security/capability.h"
#include "lib/settings/settings.h"

namespace boxctl::settings {
namespace {

using Faults = std::vector<std::string>;

void check_image(const Settings& wanted, Faults& faults) {
    const ImageSettings& image = wanted.image;
    const bool here = wanted.front == Front::nspawn;  // its root is then the current directory
    if (image.directory.value.empty() && image.machine.value.empty() && !here) {
        faults.emplace_back(wanted.mode == Mode::boot
                                    ? "no root directory; write 'boxctl boot ROOT'"
                                    : "no root directory; write 'boxctl run ROOT [COMMAND]'");
    }
    const bool place = !image.directory.value.empty() || !image.machine.value.empty();
    if (image.template_.is_set() && !place && here && !image.ephemeral.value) {
        faults.emplace_back("--template needs --directory or --machine to say where the copy goes");
    }
    if (image.template_.is_set() && place && image.ephemeral.value) {
        faults.emplace_back(
                "--ephemeral forgets what --template makes; name the template as the root");
    }
    const bool forgets = image.volatile_.value != Volatile::no;
    if (image.ephemeral.value && forgets) {
        faults.emplace_back("--ephemeral and --volatile both say where changes go");
    }
    const bool own_flags =
            image.volatile_.value == Volatile::yes || image.volatile_.value == Volatile::overlay;
    if (image.read_only.value && own_flags) {
        faults.emplace_back(
                "--read-only and --volatile=" +
                std::string(image.volatile_.value == Volatile::yes ? "yes" : "overlay") +
                " both say what / is");
    }
    if (!image.machine.value.empty()) {
        const std::string fault = machine_name_fault(image.machine.value);
        if (!fault.empty()) {
            faults.push_back("machine name " + quote(image.machine.value) + " " + fault);
        }
    }
}

void check_exec(const Settings& wanted, Faults& faults) {
    const ExecSettings& exec = wanted.exec;
    if (wanted.mode == Mode::boot && !exec.user.value.empty()) {
        faults.emplace_back("--user is for 'boxctl run'; an init runs as root");
    }
    if (wanted.mode == Mode::run && !exec.init.value.empty()) {
        faults.emplace_back("--init is for 'boxctl boot'; 'run' takes a command");
    }
    if (exec.keep_unit.value && !wanted.resources.properties.value.empty()) {
        faults.emplace_back("--property needs a cgroup of the box's own, which --keep-unit denies");
    }
    if (exec.keep_unit.value && wanted.resources.slice.is_set()) {
        faults.emplace_back("--slice is for a scope of the box's own, which --keep-unit denies");
    }
}

void check_sharing(const Settings& wanted, Faults& faults) {
    const SharedNamespaces& share = wanted.security.share.value;
    if (share.uts && wanted.exec.hostname.is_set()) {
        faults.emplace_back("--hostname would rename the host, as --share=uts is given");
    }
    if (share.time && wanted.exec.clock_offset.is_set() && wanted.exec.clock_offset.value) {
        faults.emplace_back("--clock-offset needs a time namespace, which --share=time denies");
    }
    const NetworkSettings& network = wanted.network;
    const bool both_asked = network.veth.origin.source == Source::option &&
                            network.private_network.origin.source == Source::option;
    if (both_asked && network.veth.value && !network.private_network.value) {
        faults.emplace_back(
                "--network-veth needs a network of the box's own, which --private-network=no "
                "denies");
    }
}

void check_security(const Settings& wanted, Faults& faults) {
    const SecuritySettings& security = wanted.security;
    // "all" on one side with names on the other is how exceptions are written.
    const auto all = [](uint64_t mask) { return mask == security::kAllCapabilities; };
    const uint64_t both = security.add_capabilities.value & security.drop_capabilities.value;
    if (both != 0 && !all(security.add_capabilities.value) &&
        !all(security.drop_capabilities.value)) {
        faults.push_back("--capability and --drop-capability both name " +
                         security::describe_capabilities(both));
    }
}

void check_ambient(const Settings& wanted, Faults& faults) {
    const SecuritySettings& security = wanted.security;
    const uint64_t ambient = security.ambient_capabilities.value;
    if (ambient == 0) return;
    if (wanted.mode == Mode::boot) {
        faults.emplace_back("--ambient-capability is for a command; an init runs as root");
    }
    const uint64_t kept = (security::default_capabilities(wanted.network.is_private()) |
                           security.add_capabilities.value) &
                          ~security.drop_capabilities.value;
    if ((ambient & ~kept) != 0) {
        faults.push_back("--ambient-capability names " +
                         security::describe_capabilities(ambient & ~kept) +
                         ", which the box does not keep; add it with --capability");
    }
}

void check_bind_maps(const Settings& wanted, Faults& faults) {
    const UserRange& users = wanted.exec.private_users.value;
    if (users.kind == UserRange::Kind::no) return;
    for (const BindMount& bind : wanted.files.binds.value) {
        for (const MappedIds& ids : bind.map) {
            if (uint64_t{ids.box} + ids.count <= users.count) continue;
            faults.push_back(format("map=%u/%u of the bind to ", ids.host, ids.box) +
                             quote(bind.destination) +
                             format(" is beyond the box's ids, which end at %u", users.count - 1));
        }
    }
}

void check_bound_users(const Settings& wanted, Faults& faults) {
    const FilesSettings& files = wanted.files;
    if (!files.bind_users.value.empty()) return;
    if (files.bind_user_shell.is_set()) {
        faults.emplace_back(
                "--bind-user-shell is for users of --bind-user, of which there are none");
    }
    if (files.bind_user_groups.is_set()) {
        faults.emplace_back(
                "--bind-user-group is for users of --bind-user, of which there are none");
    }
}

void check_nspawn(const Settings& wanted, Faults& faults) {
    const ExecSettings& exec = wanted.exec;
    if (exec.boot.value && exec.as_pid2.value && wanted.front == Front::nspawn) {
        faults.emplace_back("--boot and --as-pid2 both say what PID 1 is");
    }
    const LinkJournal journal = exec.link_journal.value;
    if (journal == LinkJournal::guest) {
        faults.emplace_back(
                "--link-journal=guest would leave a link into the box's tree on the host; use "
                "host, "
                "or try-guest to go without");
    }
    if (wanted.image.ephemeral.value && journal == LinkJournal::host) {
        faults.emplace_back(
                "--link-journal needs a tree that stays, which --ephemeral denies; use a try- "
                "mode");
    }
    if (exec.ownership.value == Ownership::map &&
        exec.private_users.value.kind == UserRange::Kind::no) {
        faults.emplace_back(
                "--private-users-ownership=map needs users of the box's own, which "
                "--private-users=no denies");
    }
}

}  // namespace

Settings defaults_of(Front front) {
    Settings settings;
    settings.front = front;
    if (front == Front::boxctl) return settings;
    settings.network.private_network.value = false;
    settings.exec.private_users.value = {UserRange::Kind::no};
    settings.security.share.value.time = true;
    settings.exec.clock_offset.value = false;
    return settings;
}

std::vector<std::string> validate(const Settings& settings) {
    Faults faults;
    check_image(settings, faults);
    check_exec(settings, faults);
    check_sharing(settings, faults);
    check_security(settings, faults);
    check_ambient(settings, faults);
    check_nspawn(settings, faults);
    check_bind_maps(settings, faults);
    check_bound_users(settings, faults);
    if (settings.tool.json.value && !settings.tool.dry_run.value) {
        faults.emplace_back("--json is for --dry-run");
    }
    return faults;
}

}  // namespace boxctl::settings
