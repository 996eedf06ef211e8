// SPDX-License-Identifier: LGPL-2.1-or-later
// inittab(5) in both dialects (sysvinit and busybox), as far as terminals go.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
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

/// A busybox inittab with those entries turned into comments that could only fail in a box, and
/// fail again every second where they respawn: their program is not in the tree (a pristine Alpine
/// tree names an openrc that it does not have), or their terminal is a line of real hardware.
/// Empty when every entry can stay. `exists` looks an absolute path up in the tree.
std::string usable_inittab(std::string_view text,
                           const std::function<bool(const std::string&)>& exists);

}  // namespace boxctl::host
