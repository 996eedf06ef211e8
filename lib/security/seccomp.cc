// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/seccomp.h"

#include <cerrno>
#include <iterator>

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/security/capability.h"

namespace boxctl::security {

namespace {

struct Gate {
    int capability;
    FilterView refuse;
};

#include "lib/security/seccomp_filters.inc"

static_assert(std::size(kWidestCode) <= BPF_MAXINSNS);
constexpr FilterView kDefault = {kDefaultCode, std::size(kDefaultCode), "default"};
constexpr FilterView kWidest = {kWidestCode, std::size(kWidestCode), "widest"};

}  // namespace

std::vector<FilterView> default_filters(uint64_t capability_mask) {
    const uint64_t in_default = kDefaultCapabilities & kGates;
    const uint64_t kept = capability_mask & kGates;
    const bool adds = (kept & ~in_default) != 0;
    std::vector<FilterView> filters = {adds ? kWidest : kDefault};
    const uint64_t missing = (adds ? kGates : in_default) & ~kept;
    for (const Gate& gate : kGateFilters) {
        if ((missing & capability_bit(gate.capability)) != 0) filters.push_back(gate.refuse);
    }
    return filters;
}

FilterView suppress_sync_filter() {
    return {kSuppressSyncCode, std::size(kSuppressSyncCode), "sync does nothing"};
}

int load_filter(const FilterView& filter) noexcept {
    // The kernel reads the program only; its interface merely lacks the const.
    sock_fprog program = {filter.length, const_cast<sock_filter*>(filter.code)};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) == 0 ? 0 : -errno;
}

}  // namespace boxctl::security
