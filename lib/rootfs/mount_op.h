// SPDX-License-Identifier: LGPL-2.1-or-later
// Mount operations: the box's file system as a list of values, in the order they are carried out.
//
// The planner (rootfs/plan.h) decides whether an operation exists at all; the executor
// (rootfs/apply.h) has no policy left. All of them are carried out by the builder, with the host's
// privileges and in a mount namespace of its own, before anything of the box runs: what the box
// then sees is locked for it (mount_namespaces(7), "locked mounts").
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "lib/settings/mounts.h"

namespace boxctl::rootfs {

using MountOptions = std::vector<std::pair<std::string, std::string>>;

/// A new instance of a kernel file system. Those that show a namespace (proc, sysfs, mqueue,
/// cgroup2) show the box's: the builder has joined it by then.
struct ApiFs {
    std::string type;
    MountOptions options;     ///< ids in them are the box's; "uid"/"gid" are shifted when applied
    uint64_t attributes = 0;  ///< MOUNT_ATTR_*
};

/// A directory or file of the host.
struct Bind {
    std::string source;
    bool recursive = true;
    bool idmapped = true;  ///< owners as the root's: host id 0 shows as the box's 0
    /// Instead of `idmapped`: which owners are somebody in the box; all others are nobody.
    enum class Owners {
        by_idmapped,
        root,    ///< the source's owner is the box's root
        target,  ///< the source's owner is the target's
        listed,  ///< those of `map`
    } owners = Owners::by_idmapped;
    std::vector<settings::MappedIds> map = {};
    std::vector<settings::MappedIds> group_map = {};  ///< listed: of groups; empty: `map`
    uint64_t attributes = 0;
    bool propagate = false;  ///< host mounts below the source appear in the box (slave)
    bool device = false;     ///< a device node, and refused when it is none any more
    bool guarded = false;    ///< refused when it holds what commands the host (control.h)
};

/// Something that is already in the box, once more: read-only parts of /proc, +-prefixed binds.
struct BindInside {
    std::string source;  ///< path in the box
    bool recursive = true;
    uint64_t attributes = 0;
};

/// Hides what is there behind an empty, unreadable file or directory; skipped when nothing is.
struct Mask {};

/// Changes flags of the mount that the target is the root of; with `tree` of all below it too.
struct SetAttributes {
    uint64_t set = 0;
    uint64_t clear = 0;
    bool tree = false;
};

/// A union of directories of the host, or of the box where the path has a '+' in front; `upper`
/// empty: read-only.
struct Overlay {
    std::vector<std::string> lowers;  ///< bottom first
    std::string upper;                ///< "" with `scratch`: a tmpfs
    std::string work;                 ///< beside the upper
    bool scratch = false;             ///< upper and work on a fresh tmpfs that dies with the box
    bool idmapped = true;
    uint64_t attributes = 0;
};

/// A device node, FIFO or socket inode in a tmpfs of ours, owned by the box's root.
struct Node {
    mode_t mode = 0;  ///< type and permissions, as for mknod(2)
    unsigned major_number = 0;
    unsigned minor_number = 0;
};

struct Symlink {
    std::string to;
    bool replace = false;  ///< in the tree: whatever file or link is there gives way
};
struct Directory {
    mode_t mode = 0755;
};
/// A regular file in a tmpfs of ours.
struct File {
    std::string content;
    mode_t mode = 0444;
};
/// The contents of a host file, in place of whatever file or link of the tree is there. Skipped
/// when the host has no such file.
struct CopyFile {
    std::string source;
    mode_t mode = 0644;
};
/// A file with a fresh random UUID in it: new at every start of the box.
struct RandomId {};
/// Removes a file or link of the tree.
struct Remove {};
/// A datagram socket in a tmpfs of ours; the supervisor gets its receiving end.
struct NotifySocket {};

/// A fresh terminal of the box's devpts over an empty file; the supervisor keeps its other end.
struct Terminal {
    int index = 0;  ///< 0 is the console, N is ttyN
};
/// The terminal with this index under a second name.
struct SameTerminal {
    int index = 0;
};

/// What to do when the target is not there.
enum class Missing {
    fail,
    create,  ///< make an empty file or directory, whichever the operation needs
    skip,
};

struct MountOp {
    std::string target;  ///< absolute, normalized path inside the box
    std::variant<ApiFs, Bind, BindInside, Mask, SetAttributes, Overlay, Node, Symlink, Directory,
                 File, CopyFile, RandomId, Remove, NotifySocket, Terminal, SameTerminal>
            what;
    Missing missing = Missing::fail;
    std::string why;  ///< who wants it: "api", "--bind=/srv", "web.nspawn:7"
};

/// Is the box's network namespace to be joined before this? It takes the longest to be made: the
/// plan has everything else of the API file systems first.
bool shows_network(const MountOp& op);

/// One line: "/srv  bind /data ro idmapped  # --bind=/data:/srv:ro".
std::string describe(const MountOp& op);

/// "ro nosuid nodev" of MOUNT_ATTR_* bits.
std::string describe_attributes(uint64_t attributes);

}  // namespace boxctl::rootfs
