// SPDX-License-Identifier: LGPL-2.1-or-later
// Filter builder: decisions per system call number -> classic BPF, as a balanced search.
//
// libseccomp's own compiler makes one comparison a call, or a tree over single numbers; numbers
// with the same answer lie in long runs, so searching the runs takes a third of the instructions
// and eight steps. Only loads of nr and arch, comparisons and constant returns are emitted for
// calls that do not depend on arguments: these are what the kernel can evaluate ahead, once per
// filter, into its bitmap of always allowed calls (seccomp_is_const_allow, Linux 5.11).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include <linux/filter.h>

namespace boxctl::security {

enum class Answer : uint8_t {
    allow,
    not_permitted,
    not_implemented,
    nothing,  ///< not carried out, and reported as done
    by_socket_family,
};

struct ArchRules {
    uint32_t audit_arch;                 ///< AUDIT_ARCH_*
    std::map<uint32_t, Answer> answers;  ///< call number -> answer
};

/// socket(2) may ask for these families only; other ones, and one protocol of netlink, give
/// EAFNOSUPPORT.
struct SocketRule {
    std::span<const uint32_t> families;
    uint32_t denied_netlink_protocol;
};

/// The program: a call that `rules` do not name, and one from an architecture that they do not
/// name, gets `otherwise`.
std::vector<sock_filter> build_filter(std::span<const ArchRules> rules, Answer otherwise,
                                      const SocketRule& socket);

}  // namespace boxctl::security
