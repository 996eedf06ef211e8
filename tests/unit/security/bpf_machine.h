// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine for the classic BPF that filters consist of, to ask them about any call without
// making it. An instruction the kernel's seccomp would refuse is a test failure.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <linux/audit.h>
#include <linux/seccomp.h>

#include "lib/security/seccomp.h"

namespace boxctl::security {

inline uint32_t run_filter(const FilterView& filter, const seccomp_data& data) {
    uint32_t accumulator = 0;
    for (size_t at = 0; at < filter.length; at++) {
        const sock_filter& step = filter.code[at];
        switch (step.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (step.k % 4 != 0 || step.k >= sizeof data) throw std::logic_error("bad load");
                memcpy(&accumulator, reinterpret_cast<const char*>(&data) + step.k, 4);
                break;
            case BPF_JMP | BPF_JA:
                at += step.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                at += accumulator == step.k ? step.jt : step.jf;
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                at += accumulator >= step.k ? step.jt : step.jf;
                break;
            case BPF_RET | BPF_K:
                return step.k;
            default:
                throw std::logic_error("unexpected instruction");
        }
    }
    throw std::logic_error("ran off the end");
}

/// What the kernel makes of several filters: the strictest action, the last loaded on a tie.
inline uint32_t run_filters(const std::vector<FilterView>& filters, const seccomp_data& data) {
    uint32_t result = SECCOMP_RET_ALLOW;
    for (auto filter = filters.rbegin(); filter != filters.rend(); ++filter) {
        const uint32_t said = run_filter(*filter, data);
        const auto action = [](uint32_t value) {
            return static_cast<int32_t>(value & SECCOMP_RET_ACTION_FULL);
        };
        if (action(said) < action(result)) result = said;
    }
    return result;
}

#if defined(__x86_64__)
constexpr uint32_t kNative = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif

/// 0 for allowed, else the errno.
inline int answer(const std::vector<FilterView>& filters, uint32_t arch, long number,
                  uint64_t arg0 = 0, uint64_t arg2 = 0) {
    seccomp_data data = {};
    data.nr = static_cast<int>(number);
    data.arch = arch;
    data.args[0] = arg0;
    data.args[2] = arg2;
    const uint32_t said = run_filters(filters, data);
    if (said == SECCOMP_RET_ALLOW) return 0;
    if ((said & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) throw std::logic_error("bad action");
    return static_cast<int>(said & SECCOMP_RET_DATA);
}

}  // namespace boxctl::security
