// SPDX-License-Identifier: LGPL-2.1-or-later
// Users and groups of the box, from its own /etc/passwd and /etc/group. The C library would ask
// the name services, which a static binary cannot load.
#pragma once

#include <stddef.h>

#include "lib/init/service.h"

namespace boxctl::init {

/// Looks `name` (or a decimal id) up and fills `identity`; null, or what is wrong.
const char* read_user(const char* name, Identity& identity);

/// The same on the text of both files: what the tests call.
const char* find_user(const char* name, const char* passwd, const char* group, Identity& identity);

}  // namespace boxctl::init
