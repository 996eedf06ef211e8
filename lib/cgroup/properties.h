// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties: what of --property=NAME=VALUE the kernel can be told without systemd
// (Documentation/admin-guide/cgroup-v2.rst).
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
/// back. Those about devices are another matter (device_plan.h). Errors: see
/// bus::assign_property(); a property that only systemd can set.
Result<std::vector<Limit>> limits_of(const std::vector<settings::Assignment>& properties);

}  // namespace boxctl::cgroup
