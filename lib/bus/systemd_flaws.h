// SPDX-License-Identifier: LGPL-2.1-or-later
// Flaws of systemd that matter to who runs boxes, by version. Pure.
#pragma once

#include <string>
#include <string_view>

namespace boxctl::bus {

/// What can be done to a systemd of this version (its property Version: "257.13-1~deb13u1") while a
/// box runs, and what helps; empty: nothing that we know of. One sentence without a full stop. A
/// distribution may have mended an older version, which no number tells.
std::string describe_flaw(std::string_view version);

}  // namespace boxctl::bus
