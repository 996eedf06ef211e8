// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties: --property=NAME=VALUE in systemd's spelling (systemd.resource-control(5)) as what the
// kernel wants written where (Documentation/admin-guide/cgroup-v2.rst).
#pragma once

#include <string>
#include <vector>

#include "lib/settings/settings.h"

namespace boxctl::cgroup {

struct Limit {
    std::string property;    ///< "MemoryMax=512M", as the user wrote it
    std::string controller;  ///< "memory"
    std::string file;        ///< "memory.max"
    std::string value;       ///< "536870912"
};

/// One limit a file. A later value of a property replaces an earlier one, an empty one takes it
/// back. Errors: unknown property (with the nearest known one), a value
/// that the property does not take.
Result<std::vector<Limit>> parse_properties(const std::vector<settings::Variable>& properties);

}  // namespace boxctl::cgroup
