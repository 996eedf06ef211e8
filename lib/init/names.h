// SPDX-License-Identifier: LGPL-2.1-or-later
// The names of other inits that box-init can be called by, and what each implies.
#pragma once

#include "lib/init/options.h"

namespace boxctl::init {

/// Applies the defaults and the environment variables that belong to the name in argv[0]:
/// tini and docker-init, dumb-init, catatonit and podman-init, and /dev/init (what podman mounts
/// for --init). Any other name changes nothing, and no variable is looked at.
void apply_name(const char* name, char* const* environment, Options& options);

}  // namespace boxctl::init
