// SPDX-License-Identifier: LGPL-2.1-or-later
// Which init a tree boots, told by the name its path leads to and, failing that, by texts in the
// file. A guess that only decides which signals the box's PID 1 is sent: a wrong one costs a slow
// stop, never safety.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/host/facts.h"

namespace boxctl::host {

/// How far into the file texts are looked for.
constexpr size_t kInitScanLimit = 1U << 20U;

/// Paths tried for a boot, in order: systemd-nspawn's three first, so that a tree boots what it
/// would boot there, then where other distributions and container images have theirs.
const std::vector<std::string>& init_candidates();

/// By `path` (as started) and `resolved` (symbolic links followed inside the tree), both absolute.
InitKind init_kind_by_name(std::string_view path, std::string_view resolved);

/// By the first bytes of the file: for an init that was copied or hard-linked to a plain name, and
/// for scripts.
InitKind init_kind_by_content(std::string_view content);

}  // namespace boxctl::host
