// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/launch.h"

#include <algorithm>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "lib/base/text.h"
#include "lib/cgroup/devices.h"
#include "lib/launch/builder.h"
#include "lib/launch/exec_image.h"
#include "lib/launch/protocol.h"
#include "lib/launch/standard_fds.h"
#include "lib/os/file.h"
#include "lib/os/message.h"
#include "lib/os/mount.h"
#include "lib/os/passed.h"
#include "lib/os/process.h"

namespace boxctl::launch {
namespace {

/// The links of one launch, both ends of each.
struct Links {
    Link builder;  ///< ours
    Link builder_far;
    Link payload;  ///< ours; the builder writes to the payload through its copy
    Link payload_far;
};

Result<Links> make_links() {
    auto [builder, builder_far] = BOX_TRY(os::make_socket_pair());
    auto [payload, payload_far] = BOX_TRY(os::make_socket_pair());
    return Links{Link(std::move(builder)), Link(std::move(builder_far)), Link(std::move(payload)),
                 Link(std::move(payload_far))};
}

/// `near` is our end of its link: with a copy of it a builder would never see us gone.
Result<Builder> start_builder(const BuilderInput& input, const cgroup::Cgroup& cgroup, Link& near) {
    os::CloneRequest request;
    request.flags = CLONE_NEWNS;
    request.cgroup = cgroup.payload;
    os::Cloned cloned = BOX_TRY(os::clone_process(request).context("start the builder"));
    // --- The builder from here on: host privileges, its own mount namespace. ---
    if (cloned.pid == 0) {
        near.close();
        builder_main(input);
    }
    return Builder(std::move(cloned.pidfd));
}

Result<void> accept_payload(const Links& links, RunningBox& box) {
    Link::Heard born = BOX_TRY(links.builder.expect(Step::payload_born));
    if (born.fds.size() != 1 || born.value <= 0) return Error(EPROTO, "read a launch frame");
    box.leader = born.value;
    box.pidfd = std::move(born.fds[0]);
    return {};
}

Result<void> accept_tree(const Links& links, const plan::Plan& plan, RunningBox& box) {
    Link::Heard built = BOX_TRY(links.builder.expect(Step::tree_built));
    std::vector<int> indices;
    for (const rootfs::MountOp& op : plan.mounts.ops) {
        if (const auto* terminal = std::get_if<rootfs::Terminal>(&op.what))
            indices.push_back(terminal->index);
    }
    if (built.fds.size() != indices.size() + 1) return Error(EPROTO, "read a launch frame");
    box.notify = std::move(built.fds[0]);
    for (size_t i = 0; i < indices.size(); i++) {
        box.terminals.push_back({indices[i], std::move(built.fds[i + 1])});
    }
    return {};
}

/// A builder that is gone has left word why.
Result<void> tell_builder(const Links& links, Step step, int32_t value = 0) {
    auto told = links.builder.say(step, value);
    if (!told && told.error().code() == EPIPE) return {};
    return told;
}

/// While the builder is busy with the tree, the payload makes its network and the parent the cable.
Result<void> connect_network(const plan::Plan& plan, const Links& links, RunningBox& box) {
    if (!plan.namespaces.network) return {};
    BOX_TRY(links.payload.expect(Step::network_born));
    BOX_TRY(tell_builder(links, Step::network_born));
    if (!plan.network.veth) return {};
    const os::UniqueFd netns =
            BOX_TRY(os::open_host(format("/proc/%d/ns/net", box.leader), O_RDONLY));
    box.cable = BOX_TRY(net::make_veth(plan.network, netns, plan.name));
    return {};
}

/// While the builder is busy with the payload's namespaces, the parent looks for its ids.
Result<void> provide_ids(const plan::Plan& plan, const Links& links, Reservation& reservation) {
    BOX_TRY(reservation.claim_ids(plan));
    return tell_builder(links, Step::ids_claimed, static_cast<int32_t>(reservation.ids().base));
}

Result<void> converse(const plan::Plan& plan, const Links& links, Reservation& reservation,
                      RunningBox& box) {
    BOX_TRY(provide_ids(plan, links, reservation));
    BOX_TRY(accept_payload(links, box));
    // Both while the builder is busy with the tree.
    BOX_TRY(reservation.stand_by(box.pidfd));
    BOX_TRY(connect_network(plan, links, box));
    return accept_tree(links, plan, box);
}

/// Is there nothing to execute, whatever the mounts bring? Then the tree is spared the mount
/// points. A host directory or a layer over the tree may hold the program: that is seen when it is
/// there.
bool surely_missing(const plan::Plan& plan, os::BorrowedFd root) {
    if (plan.mounts.root.kind == rootfs::RootPlan::Kind::usr) return false;
    for (const rootfs::MountOp& op : plan.mounts.ops) {
        if (std::holds_alternative<rootfs::Bind>(op.what) ||
            std::holds_alternative<rootfs::Overlay>(op.what)) {
            return false;
        }
    }
    return std::all_of(plan.process.candidates.begin(), plan.process.candidates.end(),
                       [&](const std::string& path) {
                           const auto found = os::open_in(root, path, O_PATH);
                           return !found && found.error().code() == ENOENT &&
                                  !path.starts_with("/proc/");
                       });
}

}  // namespace

Builder& Builder::operator=(Builder&& other) noexcept {
    std::swap(pidfd_, other.pidfd_);
    return *this;
}

Builder::~Builder() {
    if (!pidfd_.valid()) return;
    (void)os::send_signal(pidfd_, SIGKILL).has_value();
    (void)os::wait_for(pidfd_).has_value();
}

Result<void> Builder::reap() {
    const os::ExitStatus status = BOX_TRY(os::wait_for(pidfd_));
    pidfd_.reset();
    if (status.shell_code() != 0)
        return Error(format("the builder died of %d", status.shell_code()));
    return {};
}

RunningBox::~RunningBox() {
    if (!pidfd.valid()) return;
    (void)os::send_signal(pidfd, SIGKILL).has_value();
    (void)os::wait_for(pidfd).has_value();
}

Result<RunningBox> build(const plan::Plan& plan, Reservation& reservation, os::BorrowedFd root) {
    if (!os::single_threaded())
        return Error("boxctl has threads: cloning would leave their locks held");
    if (surely_missing(plan, root)) return execute_error(plan, {"execute", ENOENT});
    const std::unique_ptr<ExecImage> image =
            BOX_TRY(prepare_exec(plan.process, plan.security, plan.namespaces.user));
    for (int fd = 0; fd <= 2; fd++) {
        if (plan.console.passed[static_cast<size_t>(fd)]) BOX_TRY(check_handed_on(fd));
    }
    for (size_t i = 0; i < plan.process.passed_fds.size(); i++)
        BOX_TRY(check_handed_on(os::kFirstPassedFd + static_cast<int>(i)));
    const os::UniqueFd tree = BOX_TRY(os::clone_mount(root, "", os::Recursion::tree));
    Links links = BOX_TRY(make_links());
    const BuilderInput input = {
            .plan = &plan,
            .image = image.get(),
            .tree = tree,
            .to_parent = &links.builder_far,
            .to_payload = &links.payload,
            .from_payload = &links.payload_far,
    };
    RunningBox box;
    box.builder = BOX_TRY(start_builder(input, reservation.cgroup(), links.builder));
    links.builder_far.close();
    links.payload_far.close();
    BOX_TRY(converse(plan, links, reservation, box));
    // Not before the tree is built: what the builder does is not the box's doing. While the payload
    // confines itself; nothing of the box runs yet.
    BOX_TRY(cgroup::restrict_devices(reservation.cgroup(), plan.devices)
                    .context("restrict the box's devices"));
    box.payload = std::move(links.payload);
    return box;
}

Result<void> await_confined(RunningBox& box) {
    BOX_TRY(box.payload.expect(Step::confined));
    // Nothing of the launch is to be left when the box's program starts.
    return box.builder.reap();
}

Result<void> execute(RunningBox& box) {
    BOX_TRY(box.payload.say(Step::execute));
    BOX_TRY(box.payload.expect_end());
    box.payload.close();
    return {};
}

}  // namespace boxctl::launch
