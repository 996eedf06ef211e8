// SPDX-License-Identifier: LGPL-2.1-or-later
// The passes of plan_mounts(); private to this module.
#pragma once

#include <vector>

#include "lib/rootfs/plan.h"

namespace boxctl::rootfs {

using Ops = std::vector<MountOp>;

/// /run with /run/host, /proc, /sys, /dev, /tmp.
void append_api(Ops& ops, const settings::Settings& wanted, const host::HostFacts& have,
                const host::RootFacts& root, const MountContext& context);

/// In /run/host, before it is made read-only: the homes and records of the host's users, and the
/// account files with them in where the tree needs these.
void append_users(Ops& ops, const settings::FilesSettings& files, const host::RootFacts& root,
                  const MountContext& context);
/// Shows those account files in /etc.
void append_account_files(Ops& ops, const host::RootFacts& root, const MountContext& context);

/// --bind, --tmpfs, --overlay, --inaccessible, sorted by target; an error when two want one place.
/// Only in a `contained` box are the owners of host files other ids than inside.
Result<void> append_user(Ops& ops, const settings::FilesSettings& files,
                         const std::vector<host::BoundDevice>& devices, bool contained);

/// resolv.conf, the time zone, the journal.
Result<void> append_integration(Ops& ops, const settings::Settings& wanted,
                                const host::HostFacts& have, const host::RootFacts& root,
                                bool contained);

}  // namespace boxctl::rootfs
