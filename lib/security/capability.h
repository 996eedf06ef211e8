// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities: names <-> 64-bit masks (bit N is capability N), what a box keeps by default, and
// the calls that give the rest up. See capabilities(7).
//
// A table instead of libcap: its names are the same, but loading it costs a probe of the kernel's
// capability count at each start, and text should parse alike on every kernel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <linux/capability.h>

#include "lib/base/result.h"

namespace boxctl::security {

constexpr uint64_t capability_bit(int capability) {
    return uint64_t{1} << capability;
}

constexpr int kLastCapability = CAP_CHECKPOINT_RESTORE;
constexpr uint64_t kAllCapabilities = (capability_bit(kLastCapability) << 1U) - 1;

/// What a box keeps (systemd-nspawn's set). CAP_NET_ADMIN comes with a private network.
constexpr uint64_t kDefaultCapabilities =
        capability_bit(CAP_AUDIT_CONTROL) | capability_bit(CAP_AUDIT_WRITE) |
        capability_bit(CAP_CHOWN) | capability_bit(CAP_DAC_OVERRIDE) |
        capability_bit(CAP_DAC_READ_SEARCH) | capability_bit(CAP_FOWNER) |
        capability_bit(CAP_FSETID) | capability_bit(CAP_IPC_OWNER) | capability_bit(CAP_KILL) |
        capability_bit(CAP_LEASE) | capability_bit(CAP_LINUX_IMMUTABLE) |
        capability_bit(CAP_MKNOD) | capability_bit(CAP_NET_BIND_SERVICE) |
        capability_bit(CAP_NET_BROADCAST) | capability_bit(CAP_NET_RAW) |
        capability_bit(CAP_SETFCAP) | capability_bit(CAP_SETGID) | capability_bit(CAP_SETPCAP) |
        capability_bit(CAP_SETUID) | capability_bit(CAP_SYS_ADMIN) | capability_bit(CAP_SYS_BOOT) |
        capability_bit(CAP_SYS_CHROOT) | capability_bit(CAP_SYS_NICE) |
        capability_bit(CAP_SYS_PTRACE) | capability_bit(CAP_SYS_RESOURCE) |
        capability_bit(CAP_SYS_TTY_CONFIG);

uint64_t default_capabilities(bool private_network);

/// CAP_NAME or NAME, in any case. An unknown name is an error that hints at the nearest one.
Result<int> parse_capability(std::string_view name);
/// Names separated by commas or blanks, or "all"; empty text is the empty set.
Result<uint64_t> parse_capabilities(std::string_view list);

/// "CAP_SYS_ADMIN"; "cap_41" for a number that has no name here.
std::string capability_name(int capability);
/// Every name, for --capability=help and for suggestions.
std::vector<std::string> capability_names();
/// Names joined by ",", "all" for every known one, "none" for the empty set.
std::string describe_capabilities(uint64_t mask);

/// The bounding set of the calling thread.
Result<uint64_t> probe_bounding_set();

// For the exec leg, in this order: async-signal-safe, no heap, 0 or -errno.

/// Sets securebits to 0, so that an exec by uid 0 gains the bounding set and nothing else, and
/// clears the ambient set. Needs CAP_SETPCAP if securebits were anything else.
int reset_securebits() noexcept;
/// Takes all capabilities not in `keep` out of the bounding set for ever. Needs CAP_SETPCAP.
int drop_bounding(uint64_t keep) noexcept;
/// Makes `mask` the effective and the permitted set, and `ambient`, which is part of it, the
/// inheritable and the ambient one. Asking for what is not permitted fails with -EPERM.
int set_capabilities(uint64_t mask, uint64_t ambient = 0) noexcept;

}  // namespace boxctl::security
