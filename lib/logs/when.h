// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/result.h"

namespace boxctl::logs {

/// A moment as --since= takes it, in µs since the epoch; `now` likewise. What people type for
/// journalctl(1):
///
///     2026-11-25 10:00:00   10:00 (today)   2026-11-25 (midnight)   local time, seconds may be
///     left today, yesterday, now                                          out, T may stand for the
///     blank -5min, 1h 30min ago                                            units as in
///     systemd.time(7),
///                                                                    a bare number is seconds
///     @1795600000.5                                                  seconds since the epoch
Result<uint64_t> parse_when(std::string_view text, uint64_t now);

}  // namespace boxctl::logs
