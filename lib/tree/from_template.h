// SPDX-License-Identifier: LGPL-2.1-or-later
// A new tree that begins as the copy of another one (--template). Whole or not at all: it is made
// under a hidden name beside its place, ".#NAME.box-RANDOM", and renamed at the end. Whoever dies
// in the middle, also of SIGKILL, leaves a child that removes what there is; what a power cut has
// left is removed by the next copy to that place.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::tree {

/// Makes the directory `target`, absolute and normalized, whose parent exists, from `source`, an
/// opened directory. A target that somebody else has made meanwhile is left as it is.
Result<void> make_from_template(os::BorrowedFd source, const std::string& target);

}  // namespace boxctl::tree
