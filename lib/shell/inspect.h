// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be told of a box from outside, beyond its record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/state/record.h"

namespace boxctl::shell {

/// The cgroup of the box; an error where it has none.
Result<os::UniqueFd> open_cgroup(const state::Record& box);

/// How many processes the box has, by its cgroup; nothing when it has none.
std::optional<uint64_t> count_processes(const state::Record& box);

/// PRETTY_NAME of the tree's os-release, or empty. Text of the box's: only for printable().
std::string distribution_of(const state::Record& box);

/// "mnt", "pid", "user": the namespaces that the box has of its own.
std::vector<std::string> namespaces_of(const state::Record& box);

}  // namespace boxctl::shell
