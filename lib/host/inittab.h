// SPDX-License-Identifier: LGPL-2.1-or-later
// inittab(5) in both dialects (sysvinit and busybox), as far as terminals go.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace boxctl::host {

constexpr size_t kInittabLimit = 256U << 10U;
/// Terminals beyond this are nobody's in a box.
constexpr int kLastTty = 12;

/// N of each ttyN (1…12) that a line starts something on, ascending: "tty2::respawn:…" (busybox,
/// where the first field is the terminal) or "1:2345:respawn:/sbin/getty 38400 tty1" (sysvinit,
/// where the command names it).
std::vector<int> parse_inittab_ttys(std::string_view text);

}  // namespace boxctl::host
