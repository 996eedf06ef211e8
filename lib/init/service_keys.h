// SPDX-License-Identifier: LGPL-2.1-or-later
// The keys of a service file, in one table that the parser and the help walk.
#pragma once

#include "lib/init/service.h"

namespace boxctl::init {

/// Takes `value` for `key` into `service`; null, or what is wrong with the value. Sets `known` to
/// false for a key there is not.
const char* take_key(Service& service, const char* key, const char* value, bool& known);

/// Prints the keys with what each takes to `fd`.
void print_service_keys(int fd);

}  // namespace boxctl::init
