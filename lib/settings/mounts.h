// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts that a user asks for, as parsed from one option or key each. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/settings/field.h"

namespace boxctl::settings {

/// `count` owners of the host's from `host` on are the box's from `box` on.
struct MappedIds {
    uint32_t host = 0;
    uint32_t box = 0;
    uint32_t count = 1;
};

/// --bind=[+]SRC[:DST[:OPTIONS]]
struct BindMount {
    std::string source;       ///< of the host, or of the tree; empty: a temporary directory
    std::string destination;  ///< absolute, normalized, inside the box
    bool in_tree = false;
    bool read_only = false;
    bool recursive = true;
    bool control = false;  ///< also what commands the host (F10), see rootfs/control.h
    enum class Ids {
        automatic,   ///< as the root
        noidmap,     ///< as the host has them
        idmap,       ///< all, as the root
        rootidmap,   ///< its owner is the box's root, nobody else is anybody
        owneridmap,  ///< its owner is whoever owns the destination
        listed,      ///< those of `map`
    } ids = Ids::automatic;
    std::vector<MappedIds> map = {};
    Origin origin = {};
};

struct TmpfsMount {
    std::string path;
    std::string options;  ///< mount(8) spelling, "size=10%,mode=1777"; may be empty
    Origin origin = {};
};

/// --overlay=LOWER[:LOWER…]:UPPER:DST; --overlay-ro has no upper. A path of lowers or upper that
/// starts with '+' is inside the tree ("+/var"), any other is the host's.
struct OverlayMount {
    std::vector<std::string> lowers;  ///< the first is the bottom
    std::string upper;                ///< empty: a temporary directory; unused with `read_only`
    std::string destination;
    bool read_only = false;
    Origin origin = {};
};

/// --pivot-root=NEW[:OLD]
struct PivotRoot {
    std::string new_root;  ///< a directory of the tree; empty: the tree itself
    std::string old_root;  ///< where in it the whole tree is; empty: nowhere
};

/// --inaccessible
struct HiddenPath {
    std::string path;
    Origin origin = {};
};

/// --bind-user: a user of the host who, with the home directory, is one of the box's, too.
struct BoundUser {
    std::string name;
    Origin origin = {};
};

/// --bind-user-shell: what those users log in to.
struct BoundShell {
    bool hosts = false;  ///< the one that the host knows
    std::string path;    ///< in the box; empty and not `hosts`: the box's default
};

}  // namespace boxctl::settings
