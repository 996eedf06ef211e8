// SPDX-License-Identifier: LGPL-2.1-or-later
// Device program: what the kernel runs whenever a process of a box opens or makes a device node.
// Pure; devices.h loads it.
//
// What is allowed is data, in one map, so that a running box can be given more; what was refused is
// counted in another, which the box can fill but not outgrow: the entry that was used least
// recently gives way. The program is the same for every box:
//
//     allowed[type, major, minor] or allowed[type, major, all] has all bits of the access: let it
//     else: refused[type, major, minor, access, name of the process] += 1; EPERM
//
// The kernel's side: struct bpf_cgroup_dev_ctx in linux/bpf.h, bpf-helpers(7), and the instructions
// in Documentation/bpf/standardization/instruction-set.rst.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <linux/bpf.h>

#include "lib/os/bpf.h"

namespace boxctl::cgroup {

/// Found again by these names.
constexpr const char* kDeviceProgram = "boxctl_devices";
constexpr const char* kAllowedMap = "boxctl_allowed";
constexpr const char* kRefusedMap = "boxctl_refused";

/// Instead of a minor number: all of them. They have 20 bits.
constexpr uint32_t kEveryMinor = UINT32_MAX;

// The layout of these two is the maps'; neither has holes. What clang-tidy says of their order is a
// fault of its own: it takes the 0 that <=> is compared with for a pointer.
struct AllowedKey {
    uint32_t type = 0;  ///< BPF_DEVCG_DEV_BLOCK or _CHAR
    uint32_t major_number = 0;
    uint32_t minor_number = 0;                            ///< or kEveryMinor
    auto operator<=>(const AllowedKey&) const = default;  // NOLINT(modernize-use-nullptr)
};
using AllowedValue = uint32_t;  ///< BPF_DEVCG_ACC_* bits

struct RefusedKey {
    AllowedKey device;
    uint32_t access = 0;             ///< what was asked for, BPF_DEVCG_ACC_* bits
    std::array<char, 16> command{};  ///< comm of the process (proc(5)); zeroes: not known
    auto operator<=>(const RefusedKey&) const = default;  // NOLINT(modernize-use-nullptr)
};
using RefusedValue = uint64_t;

constexpr os::BpfMapShape kAllowedShape = {BPF_MAP_TYPE_HASH, sizeof(AllowedKey),
                                           sizeof(AllowedValue), 512};
constexpr os::BpfMapShape kRefusedShape = {BPF_MAP_TYPE_LRU_HASH, sizeof(RefusedKey),
                                           sizeof(RefusedValue), 1024};

/// Kernels before 6.1 tell such a program no name.
enum class Naming { with_command, without };

/// The descriptors of the maps become part of it.
std::vector<bpf_insn> assemble_device_program(int allowed_map, int refused_map, Naming naming);

}  // namespace boxctl::cgroup
