// SPDX-License-Identifier: LGPL-2.1-or-later
// The mount plan: settings and facts in, a RootPlan and an ordered list of MountOps out. Pure.
//
// Passes, in this order: the root itself, /run with /run/host, /proc with its masks, /dev, /tmp,
// what shows the network (/proc/sys/net, /sys with its masks), integration files in /etc, what the
// user asked for (sorted by path, so that the order of options does not matter; it hides what was
// there before), and at last what makes / read-only.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/host/account_files.h"
#include "lib/host/facts.h"
#include "lib/rootfs/mount_op.h"
#include "lib/settings/settings.h"

namespace boxctl::rootfs {

/// Where the box's "/" comes from.
struct RootPlan {
    enum class Kind {
        tree,     ///< the directory itself
        overlay,  ///< the directory below a tmpfs that dies with the box
        usr,      ///< a tmpfs with the directory's /usr in it, read-only
    };
    Kind kind = Kind::tree;
    std::string path;                    ///< the directory
    bool idmapped = true;                ///< owners on disk are the box's ids
    bool read_only = false;              ///< before anything else is mounted on it
    std::vector<std::string> usr_links;  ///< usr: names in / that link into usr ("bin", "lib")
};

struct MountPlan {
    RootPlan root;
    std::vector<MountOp> ops;
};

/// What the mount plan needs to know beyond settings and facts.
/// Where a box finds the box-init that was mounted for it.
constexpr const char* kBoxInit = "/run/host/box-init";

/// Where a box finds its credentials (CREDENTIALS_DIRECTORY, systemd.exec(5)).
constexpr const char* kCredentials = "/run/host/credentials";

/// What the box is told that it runs under: $container and /run/host/container-manager. Called as
/// systemd-nspawn, that: programs inside know its name.
const char* manager_name(settings::Front front);

struct MountContext {
    std::string name;                     ///< of the machine
    std::vector<host::PlacedUser> users;  ///< of the host, that the box has
    std::string uuid;                     ///< 32 hex digits
    bool contained = true;                ///< a user namespace with ids of its own
    bool map_owners = true;  ///< owners on disk are the box's ids, and so are those of binds
    bool user_namespace = true;
    bool cgroup_filesystem = true;
    std::string box_init;  ///< host path of what runs as PID 1 of a command's box; empty: none
    bool console = true;   ///< the console is a terminal of ours, /dev/console
    std::vector<int> ttys;
    std::string propagation;  ///< host directory behind /run/host/incoming; empty: none
};

/// Errors are contradictions in what the user wants mounted, naming both sides.
Result<MountPlan> plan_mounts(const settings::Settings& wanted, const host::HostFacts& have,
                              const host::RootFacts& root, const MountContext& context);

std::string describe(const RootPlan& root);

}  // namespace boxctl::rootfs
