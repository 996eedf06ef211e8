// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/plan.h"

#include <sys/mount.h>

#include "lib/base/text.h"
#include "lib/rootfs/plan_parts.h"

namespace boxctl::rootfs {
namespace {

using settings::Volatile;

Result<RootPlan> plan_root(const settings::ImageSettings& image, const host::RootFacts& root,
                           const MountContext& context) {
    RootPlan plan;
    plan.path = root.path;
    plan.idmapped = context.map_owners;
    if (image.ephemeral.value || image.volatile_.value == Volatile::overlay) {
        plan.kind = RootPlan::Kind::overlay;
    } else if (image.volatile_.value == Volatile::yes) {
        plan.kind = RootPlan::Kind::usr;
        plan.usr_links = root.usr_links;
        if (root.usr_links.empty()) {
            Error error("--volatile=yes takes only /usr from " + quote(root.path) +
                        ", but the tree keeps /bin and /sbin outside of it");
            error.set_hint("use --volatile=overlay");
            return error;
        }
    }
    plan.read_only = image.read_only.value || image.volatile_.value == Volatile::state;
    return plan;
}

}  // namespace

Result<MountPlan> plan_mounts(const settings::Settings& wanted, const host::HostFacts& have,
                              const host::RootFacts& root, const MountContext& context) {
    MountPlan plan;
    plan.root = BOX_TRY(plan_root(wanted.image, root, context));
    constexpr size_t kUsually = 96;  // so that the list is not moved about while it grows
    plan.ops.reserve(kUsually);
    append_api(plan.ops, wanted, have, root, context);
    if (wanted.image.volatile_.value == Volatile::state) {
        plan.ops.push_back({"/var",
                            ApiFs{"tmpfs",
                                  {{"mode", "0755"}, {"size", "10%"}, {"uid", "0"}, {"gid", "0"}},
                                  MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID},
                            Missing::create, "--volatile=state"});
    }
    const std::string& old_root = wanted.image.pivot_root.value.old_root;
    if (!old_root.empty()) {
        plan.ops.push_back({old_root,
                            Bind{.source = root.tree,
                                 .idmapped = context.map_owners,
                                 .attributes = MOUNT_ATTR_NODEV},
                            Missing::create, "--pivot-root"});
    }
    BOX_TRY(append_integration(plan.ops, wanted, have, root, context.map_owners));
    append_account_files(plan.ops, root, context);
    BOX_TRY(append_user(plan.ops, wanted.files, root.bound_devices, context.map_owners));
    if (plan.root.read_only) {
        // Last, because everything before may still have had to make a mount point in the tree.
        const char* why = wanted.image.read_only.value ? "--read-only" : "--volatile=state";
        plan.ops.push_back({"/", SetAttributes{.set = MOUNT_ATTR_RDONLY}, Missing::fail, why});
    }
    return plan;
}

}  // namespace boxctl::rootfs
