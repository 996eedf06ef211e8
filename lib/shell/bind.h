// SPDX-License-Identifier: LGPL-2.1-or-later
// Bind: shows a directory or file of the host in a box that runs already, and takes it away again.
//
// The mount is made outside: a detached copy of the source, shaped as `--bind` shapes it, owners
// mapped. A *binder*, a child of ours on the host's side of the PID namespace, where nobody in the
// box can name it, then takes it in:
//
//     caller                     binder
//       │ clone ───────────────────▶│ in a mount namespace of its own attaches the mount,
//       │                           │ becomes root of the box's user namespace and copies that
//       │                           │ mount namespace: the copy's flags are locked for the box
//       │                           │ enters the box's mounts, opens or makes the target
//       │◀─ mount_ready ────────────│ the mount and the target
//       │ writes the note           │
//       │── attach ────────────────▶│ move_mount
//       │◀─ done ───────────────────✝
//
// What may hang in a file system which the box serves itself happens in the binder, as root of the
// box and with no more rights in its tree. All processes of the box see the mount, as PID 1's
// mount namespace has it; it goes when that does, at the latest when the box reboots.
//
// A copy across user namespaces is the only way to lock a mount's flags (mount_namespaces(7)):
// root of the box cannot make it writable, allow devices on it, or look under what is mounted on
// it. It can unmount it, which shows it nothing but what it had there before.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/state/binds.h"
#include "lib/state/record.h"

namespace boxctl::shell {

struct BindRequest {
    state::Record box;
    std::string source;  ///< absolute path of the host
    std::string target;  ///< absolute, normalized path in the box; not "/"
    bool read_only = false;
    bool map_owners = true;    ///< where the box has its owners mapped
    bool make_target = false;  ///< with the directories above it, as the box's root
};

/// Waits for the box: for callers that somebody can interrupt. On failure nothing is bound.
Result<void> bind(const BindRequest& request);

/// Takes the newest bind away that was made at `target`, lazily: what a process has open there
/// stays open. Refuses what bind() has not made.
Result<void> unbind(const state::Record& box, const std::string& target);

/// What bind() has made and the box still has, oldest first.
Result<std::vector<state::BindNote>> binds_of(const state::Record& box);

}  // namespace boxctl::shell
