// SPDX-License-Identifier: LGPL-2.1-or-later
// Pieces of probe_host() and probe_root(), for their tests; others include facts.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/host/facts.h"

namespace boxctl::host {

/// The version 2 part of the machine's cgroups (cgroups(7)).
CgroupFacts probe_cgroup();

/// The path of the "0::" line of /proc/PID/cgroup; empty when there is none.
std::string own_cgroup(std::string_view proc_cgroup);

/// Whether the mount that `path`, or its nearest existing ancestor, is on is shared; false when
/// that cannot be known. Reads /proc/self/mountinfo no further than that mount's line.
bool on_shared_mount(const std::string& path);

/// Of one line of mountinfo (proc(5)): nullopt when it is not the mount `id`, else whether it has
/// the "shared:" field.
std::optional<bool> shared_flag(std::string_view mountinfo_line, uint64_t id);

/// "Europe/Berlin" for the target of a link into a zoneinfo directory, else empty.
std::string zone_of_link(std::string_view target);

/// 32 hex digits for the content of a machine-id(5) file, else empty.
std::string parse_machine_id(std::string_view text);

/// settings.exec.user as the tree describes it; see find_user().
Result<UserEntry> probe_user(const settings::Settings& wanted, os::BorrowedFd root);

}  // namespace boxctl::host
