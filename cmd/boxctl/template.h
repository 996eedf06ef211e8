// SPDX-License-Identifier: LGPL-2.1-or-later
// --template: the root directory comes into being as a copy.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/settings/settings.h"
#include "lib/settings/values.h"

namespace boxctl::cmd {

/// Opens the root directory. Where there is none and --template names a tree, it is made first;
/// under --dry-run the template itself is opened in its stead. Errors are those of
/// host::open_root() and tree::make_from_template(); a template that a box writes to is refused.
Result<os::UniqueFd> open_or_make_root(const settings::Settings& wanted,
                                       const std::string& directory,
                                       const settings::Caller& caller);

}  // namespace boxctl::cmd
