// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/builder.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/launch/inherited.h"
#include "lib/launch/payload.h"
#include "lib/launch/proc_mount.h"
#include "lib/net/apply.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"
#include "lib/rootfs/apply.h"
#include "lib/userns/ids.h"
#include "lib/userns/mount_map.h"

namespace boxctl::launch {
namespace {

/// Those the payload is born with. It takes its mounts when they are there, and makes its clock and
/// its network itself, while we make its tree.
uint64_t birth_namespaces(const plan::NamespacePlan& plan) {
    return plan.flags() & ~(uint64_t{CLONE_NEWNS} | CLONE_NEWTIME | CLONE_NEWNET);
}

/// The payload, a child of the parent (so that it reaps it), in its first namespaces. It waits on
/// its link until the tree is there.
Result<os::Cloned> clone_payload(const BuilderInput& input) {
    os::CloneRequest request;
    request.flags = CLONE_PARENT | birth_namespaces(input.plan->namespaces);
    os::Cloned payload =
            BOX_TRY(os::clone_process(request).context("start the box's first process"));
    // --- The payload from here on: owns its namespaces, no map yet, no capability on the host. ---
    if (payload.pid == 0) payload_main({input.plan, input.image, input.from_payload});
    // With a copy of it the parent would never see the payload gone.
    input.from_payload->close();
    return payload;
}

/// The ids the parent has claimed meanwhile.
Result<userns::IdRange> hear_ids(const BuilderInput& input) {
    const Link::Heard heard = BOX_TRY(input.to_parent->expect(Step::ids_claimed));
    userns::IdRange ids;
    ids.base = static_cast<uint32_t>(heard.value);
    ids.count = input.plan->ids.count;
    return ids;
}

Result<void> write_id_maps(const BuilderInput& input, const userns::IdRange& ids, pid_t payload) {
    if (!input.plan->namespaces.user) return {};
    const std::string line = userns::map_line(ids);
    BOX_TRY(os::write_file(format("/proc/%d/uid_map", payload), line));
    return os::write_file(format("/proc/%d/gid_map", payload), line);
}

/// New instances of mqueue and cgroup2 show the namespaces of whoever makes them.
Result<void> join_payload(const plan::NamespacePlan& plan, os::BorrowedFd payload) {
    const uint64_t shown = birth_namespaces(plan) & ~(uint64_t{CLONE_NEWUSER} | CLONE_NEWUTS);
    return os::join_namespaces(payload, static_cast<int>(shown));
}

Result<void> open_ping(const userns::IdRange& ids) {
    const uint64_t last = uint64_t{ids.base} + ids.count - 1;
    constexpr uint64_t kLastPingGroup = 2147483647;
    auto opened = net::open_ping_range(
            ids.base, static_cast<gid_t>(last < kLastPingGroup ? last : kLastPingGroup));
    // A kernel without IPv4 has no such setting, and nobody to ping.
    if (!opened && opened.error().code() != ENOENT) return opened;
    return {};
}

/// Waits for the payload's network and goes there: what shows a network (sysfs, the settings in
/// /proc/sys/net) shows that of whoever makes or opens it.
Result<void> join_network(const BuilderInput& input, const userns::IdRange& ids,
                          os::BorrowedFd payload) {
    if (!input.plan->namespaces.network) return {};
    BOX_TRY(input.to_parent->expect(Step::network_born));
    BOX_TRY(os::join_namespaces(payload, CLONE_NEWNET));
    return open_ping(ids);
}

Error mount_error(Error error, const plan::Plan& plan, size_t index) {
    const rootfs::MountOp& op = plan.mounts.ops[index];
    error.add_context(format("mount %zu of %zu, ", index + 1, plan.mounts.ops.size()) +
                      quote(op.target) + " (" + printable(op.why) + ")");
    error.set_mount(static_cast<unsigned>(index + 1));
    return error;
}

/// By what the box's mounts are id-mapped. Only what boots is registered with machined, whose
/// copies need the host's root in the map; a command starts sooner without.
Result<os::UniqueFd> make_mount_map(const BuilderInput& input, const userns::IdRange& ids,
                                    pid_t payload) {
    if (!input.plan->mounts.root.idmapped) return os::UniqueFd();
    if (input.plan->mode == settings::Mode::boot) {
        return userns::make_mount_map(ids.base, ids.count);
    }
    return os::open_host(format("/proc/%d/ns/user", payload), O_RDONLY);
}

Result<void> build_tree(const BuilderInput& input, const userns::IdRange& ids,
                        os::BorrowedFd payload, rootfs::Build& build) {
    // Any directory of this private mount namespace would do that no mount operation looks into.
    const os::UniqueFd place = BOX_TRY(
            os::open_host(std::string(plan::kStateDirectory) + "/.locks", O_PATH | O_DIRECTORY));
    os::UniqueFd tree = BOX_TRY(os::duplicate(input.tree));
    BOX_TRY(rootfs::build_root(input.plan->mounts.root, std::move(tree), place, build));
    const std::vector<rootfs::MountOp>& ops = input.plan->mounts.ops;
    bool joined = false;
    for (size_t i = 0; i < ops.size(); i++) {
        if (!joined && rootfs::shows_network(ops[i])) {
            BOX_TRY(join_network(input, ids, payload));
            joined = true;
        }
        auto applied = rootfs::apply(ops[i], build);
        if (!applied) return mount_error(std::move(applied).error(), *input.plan, i);
    }
    build.as_box_root.reset();
    return os::enter_root(build.root);
}

Result<void> hand_over(const BuilderInput& input, const rootfs::Build& build) {
    std::vector<int> fds = {build.notify.get()};
    for (const rootfs::TerminalEnd& terminal : build.terminals)
        fds.push_back(terminal.master.get());
    // The payload first, which has more to do: the parent may run where we do, once we are gone.
    BOX_TRY(input.to_payload->say(Step::tree_built));
    return input.to_parent->say(Step::tree_built, 0, fds);
}

Result<void> build(const BuilderInput& input) {
    os::set_process_name("boxctl-builder");
    umask(0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the parent");
    // The payload is born into this session: the caller's terminal is nothing to it (E1).
    if (setsid() < 0) return errno_error("start a session");
    // Slave, not private: the one bind that is to see host mounts inherits that from here. Every
    // other copy is made private as it is taken.
    const os::UniqueFd host_root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    os::MountChange slave;
    slave.propagation = MS_SLAVE;
    BOX_TRY(os::change_mount(host_root, slave, os::Recursion::tree)
                    .context("leave the host's mounts"));
    BOX_TRY(set_inherited(input.plan->process));
    const os::Cloned payload = BOX_TRY(clone_payload(input));
    BOX_TRY(input.to_parent->say(Step::payload_born, payload.pid, {payload.pidfd.get()}));
    BOX_TRY(join_payload(input.plan->namespaces, payload.pidfd));
    rootfs::Build tree;
    tree.proc = BOX_TRY(make_proc_mount());
    const userns::IdRange ids = BOX_TRY(hear_ids(input));
    tree.id_base = ids.base;
    BOX_TRY(write_id_maps(input, ids, payload.pid));
    tree.mount_map = BOX_TRY(make_mount_map(input, ids, payload.pid));
    BOX_TRY(build_tree(input, ids, payload.pidfd, tree));
    return hand_over(input, tree);
}

}  // namespace

void builder_main(const BuilderInput& input) {
    const auto done = build(input);
    if (done) _exit(0);
    // The parent learns the reason, or sees the link close when even that fails.
    (void)input.to_parent->fail(done.error()).has_value();
    _exit(1);
}

}  // namespace boxctl::launch
