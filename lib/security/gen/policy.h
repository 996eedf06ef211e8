// SPDX-License-Identifier: LGPL-2.1-or-later
// Default system call policy of a box, by name; read by the build-time generator only.
//
// Three answers: a call listed as allowed passes, a call listed as denied gets EPERM, and a call in
// no list gets ENOSYS, because C libraries fall back from ENOSYS but give up on EPERM. The lists
// therefore name every call we took a decision on; a call newer than them looks like one that the
// kernel does not have. Some groups are allowed only while the box keeps a capability.
#pragma once

#include <cstdint>
#include <span>

namespace boxctl::security::gen {

struct CallGroup {
    const char* why;
    std::span<const char* const> calls;
};

struct GatedGroup {
    int capability;    ///< CAP_*: allowed if the box keeps it, else EPERM
    const char* name;  ///< of the filter that refuses the group, for messages
    std::span<const char* const> calls;
};

std::span<const CallGroup> allowed_groups();
std::span<const GatedGroup> gated_groups();
std::span<const CallGroup> denied_groups();
/// What --suppress-sync lets do nothing.
std::span<const char* const> sync_calls();

/// Which kernels have a call under this number.
enum class NumberSpace { x86_64, every };
struct NumberedCall {
    const char* name;
    uint32_t number;
    NumberSpace space;
};
/// Numbers of calls that an older libseccomp lacks; where both know a call they have to agree.
std::span<const NumberedCall> numbered_calls();

}  // namespace boxctl::security::gen
