// SPDX-License-Identifier: LGPL-2.1-or-later
// Seccomp: the default system call filters of a box, compiled while boxctl is built (see
// gen/policy.h for what they say and filter_builder.h for how).
//
// A box with the default capabilities loads one filter. For another set, the calls that hang on a
// missing capability are refused by one small filter each, stacked behind a main one; allowed
// calls cost nothing either way, as the kernel answers them from a bitmap without running BPF.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

namespace boxctl::security {

/// A program with static lifetime; may be copied into memory shared with the exec leg.
struct FilterView {
    const sock_filter* code;
    uint16_t length;   ///< in instructions
    const char* name;  ///< for messages
};

/// The filters for a box that keeps `capability_mask`, in the order to load them. Each adds one to
/// Seccomp_filters in /proc/self/status.
std::vector<FilterView> default_filters(uint64_t capability_mask);

/// Lets sync(2), fsync(2) and their kin do nothing and succeed; loaded behind the others.
FilterView suppress_sync_filter();

/// Loads `filter` for the calling thread for ever; 0 or -errno. Async-signal-safe, no heap. Needs
/// CAP_SYS_ADMIN in the own user namespace, or no_new_privs (-EACCES otherwise), see seccomp(2).
int load_filter(const FilterView& filter) noexcept;

}  // namespace boxctl::security
