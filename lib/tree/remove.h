// SPDX-License-Identifier: LGPL-2.1-or-later
// Removes a tree that is nobody's any more. Links are not followed, mounts in it are an error.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::tree {

/// The directory `name` of `parent` with all that is in it; not there is as good as removed.
Result<void> remove(os::BorrowedFd parent, const std::string& name);

}  // namespace boxctl::tree
