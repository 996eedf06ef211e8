// SPDX-License-Identifier: LGPL-2.1-or-later
// Steps that every process takes on its way into a box, whether it is born with it or enters later.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::launch {

/// The box's root user: ids 0 of its user namespace (or, without one, the host's root). Also dies
/// with its parent and is closed to tracers: an id change clears both (prctl(2)).
Result<void> become_box_root();

/// Every signal at its default and none blocked.
Result<void> reset_signals();

/// Makes `path` the working directory: entered as the root of the box and checked to be in it (A2).
Result<void> enter_directory(const std::string& path);

/// Keeps the three standard descriptors and `kept`; whatever else the caller had open goes (A3).
Result<void> close_others(std::vector<int> kept);

/// /dev/null of the host in place of each standard descriptor.
Result<void> replace_standard_fds();
/// For a program that is to have none.
Result<void> close_standard_fds();

}  // namespace boxctl::launch
