// SPDX-License-Identifier: LGPL-2.1-or-later
// Places in the box's tree: resolving and making targets by descriptor, with the box's own ids.
#pragma once

#include <string>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/rootfs/apply.h"

namespace boxctl::rootfs {

/// The directory that `target` is in, and its last name. The directory is the build's to close; it
/// stays open until the next place_of() or open_target().
struct Place {
    os::BorrowedFd directory;
    std::string name;
};
Result<Place> place_of(const std::string& target, Build& build);

enum class PlaceType { directory, file };

/// Opens a mount target (O_PATH). With `create`, what is missing is made in the tree first: the
/// directories above it and an empty directory or file in its place.
Result<os::UniqueFd> open_target(const MountOp& op, PlaceType type, Build& build);

}  // namespace boxctl::rootfs
