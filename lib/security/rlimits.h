// SPDX-License-Identifier: LGPL-2.1-or-later
// Resource limits: names <-> RLIMIT_*, values as users write them, and what a box starts with.
// See getrlimit(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::security {

constexpr uint64_t kUnlimited = ~uint64_t{0};  ///< RLIM_INFINITY

/// One limit, in the unit of the kernel: bytes, seconds (CPU), microseconds (RTTIME) or a count.
struct ResourceLimit {
    int resource;  ///< RLIMIT_*
    uint64_t soft;
    uint64_t hard;  ///< never below `soft`
    friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

/// "NOFILE", "RLIMIT_NOFILE" or "LimitNOFILE", in any case; an unknown name hints at the nearest.
Result<int> parse_limit_name(std::string_view name);
/// "SOFT" or "SOFT:HARD"; each a number or "infinity", with K, M, G… where the unit is bytes; NICE
/// also takes a nice level with its sign ("-5", "+10").
Result<ResourceLimit> parse_limit_value(int resource, std::string_view value);
/// "NAME=SOFT[:HARD]".
Result<ResourceLimit> parse_limit(std::string_view text);

/// "NOFILE"; "rlimit 99" for a number without a name.
std::string limit_name(int resource);
std::vector<std::string> limit_names();
/// "NOFILE=1024:524288".
std::string describe(const ResourceLimit& limit);

/// Limits that depend on the host's size.
struct HostLimits {
    uint64_t nr_open;               ///< /proc/sys/fs/nr_open
    ResourceLimit processes;        ///< RLIMIT_NPROC of the host's PID 1
    ResourceLimit pending_signals;  ///< RLIMIT_SIGPENDING of the host's PID 1
};
Result<HostLimits> probe_host_limits();

/// What the kernel gives to PID 1 of a machine, one row for each resource. Core files are off, as
/// the host's handler for them would work on files of the box; the hard limit lets it turn them on.
std::vector<ResourceLimit> default_limits(const HostLimits& host);
/// `base` with the rows of `changes` in place of its own.
std::vector<ResourceLimit> override_limits(std::vector<ResourceLimit> base,
                                           const std::vector<ResourceLimit>& changes);

/// For the exec leg: async-signal-safe, no heap, 0 or -errno. Where a hard limit cannot be raised,
/// the nearest possible one is taken: that is no fault, the host itself runs with it.
int apply_limits(const ResourceLimit* limits, size_t count) noexcept;

}  // namespace boxctl::security
