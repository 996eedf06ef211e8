// SPDX-License-Identifier: LGPL-2.1-or-later
// The root itself: a detached, id-mapped copy of the tree, or an overlay or a tmpfs over it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/rootfs/apply.h"
#include "lib/rootfs/overlay.h"

namespace boxctl::rootfs {
namespace {

/// Makes the copied tree the box's own: id-mapped and cut off from the host's propagation.
Result<void> claim_tree(const RootPlan& plan, os::BorrowedFd tree, const Build& build) {
    os::MountChange change;
    change.propagation = MS_PRIVATE;
    // A tree can come with device nodes of its own; a box's devices are those of its /dev (D4).
    change.set = MOUNT_ATTR_NODEV;
    BOX_TRY(os::change_mount(tree, change, os::Recursion::tree));
    if (!plan.idmapped || !build.mount_map.valid()) return {};
    os::MountChange map;
    map.userns = build.mount_map;
    auto mapped = os::change_mount(tree, map, os::Recursion::tree);
    if (mapped) return {};
    Error error = std::move(mapped).error();
    error.add_context("id-map " + quote(plan.path));
    error.set_hint(
            "its file system, or one mounted below it, cannot be id-mapped: copy the tree to one "
            "that can (ext4, xfs, btrfs), or use --private-users=identity, which is no "
            "boundary");
    return error;
}

Result<void> build_overlay_root(os::BorrowedFd tree, Build& build) {
    OverlayLayers layers;
    os::UniqueFd scratch = BOX_TRY(make_scratch_layers(tree, build.id_base, layers));
    // Layers have to be attached somewhere to be named to the kernel; on top of the tree, in this
    // private mount namespace, nobody else can come by.
    BOX_TRY(os::attach_mount(scratch, tree));
    layers.lowers.push_back(os::fd_path(tree));
    os::UniqueFd overlay = BOX_TRY(make_overlay(layers, MOUNT_ATTR_NODEV));
    BOX_TRY(os::attach_mount(overlay, scratch));
    build.root = std::move(overlay);
    return {};
}

Result<void> build_usr_root(const RootPlan& plan, os::BorrowedFd tree, Build& build) {
    const std::string owner = format("%u", build.id_base);
    os::UniqueFd root = BOX_TRY(os::make_filesystem(
            "tmpfs", "root", {{"mode", "0755"}, {"size", "25%"}, {"uid", owner}, {"gid", owner}},
            MOUNT_ATTR_NODEV));
    for (const char* name : {"usr", "proc", "sys", "dev", "run", "tmp", "etc", "var", "root"}) {
        if (mkdirat(root.get(), name, 0755) < 0 ||
            fchownat(root.get(), name, build.id_base, build.id_base, 0) < 0) {
            return errno_error(std::string("make directory /") + name);
        }
    }
    for (const std::string& name : plan.usr_links) {
        if (symlinkat(("usr/" + name).c_str(), root.get(), name.c_str()) < 0) {
            return errno_error("link /" + name);
        }
    }
    BOX_TRY(os::attach_mount(root, tree));
    const os::UniqueFd source = BOX_TRY(os::open_in(tree, "/usr", O_PATH | O_DIRECTORY));
    const os::UniqueFd usr = BOX_TRY(os::clone_mount(source, "", os::Recursion::tree));
    os::MountChange read_only;
    read_only.set = MOUNT_ATTR_RDONLY;
    BOX_TRY(os::change_mount(usr, read_only, os::Recursion::tree));
    const os::UniqueFd place = BOX_TRY(os::open_in(root, "/usr", O_PATH | O_DIRECTORY));
    BOX_TRY(os::attach_mount(usr, place));
    build.root = std::move(root);
    return {};
}

}  // namespace

Result<void> build_root(const RootPlan& plan, os::UniqueFd tree, os::BorrowedFd place,
                        Build& build) {
    BOX_TRY(claim_tree(plan, tree, build));
    BOX_TRY(os::attach_mount(tree, place).context("attach the root"));
    switch (plan.kind) {
        case RootPlan::Kind::tree:
            build.root = std::move(tree);
            break;
        case RootPlan::Kind::overlay:
            BOX_TRY(build_overlay_root(tree, build).context("overlay the root"));
            break;
        case RootPlan::Kind::usr:
            BOX_TRY(build_usr_root(plan, tree, build).context("make a volatile root"));
            break;
    }
    return {};
}

}  // namespace boxctl::rootfs
