// SPDX-License-Identifier: LGPL-2.1-or-later
// Bpf: programs of the kernel's that decide on devices, and the maps they share with us (bpf(2)).
//
// Each of these needs CAP_BPF and CAP_NET_ADMIN. A program lives for as long as a cgroup that it is
// attached to, and its maps with it; nothing is pinned in a file system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <linux/bpf.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::os {

struct BpfMapShape {
    uint32_t type = 0;  ///< BPF_MAP_TYPE_*
    uint32_t key_size = 0;
    uint32_t value_size = 0;
    uint32_t max_entries = 0;
    bool operator==(const BpfMapShape&) const = default;
};

/// `name` of maps and programs: at most 15 letters, digits, '_' and '.'. BPF_F_* as `flags`.
Result<UniqueFd> create_bpf_map(const char* name, const BpfMapShape& shape, uint32_t flags);

/// A program of type BPF_PROG_TYPE_CGROUP_DEVICE. EINVAL also when it calls a function that this
/// kernel does not offer to such programs.
/// EAGAIN when signals kept on coming.
Result<UniqueFd> load_device_program(const char* name, std::span<const bpf_insn> code);

/// Lets `program` decide in `cgroup` and below, beside those that others attached (also later).
Result<void> attach_device_program(BorrowedFd cgroup, BorrowedFd program);

/// Numbers of the programs attached to this very cgroup, the first 64. ENOSYS, EINVAL: a kernel
/// without such programs; EPERM: not for us.
Result<std::vector<uint32_t>> list_device_programs(BorrowedFd cgroup);

/// ENOENT when there is none of that number any more.
Result<UniqueFd> open_bpf_program(uint32_t id);
Result<UniqueFd> open_bpf_map(uint32_t id);

struct BpfProgramInfo {
    std::string name;
    std::vector<uint32_t> maps;  ///< their numbers, the first 16
};
Result<BpfProgramInfo> describe_bpf_program(BorrowedFd program);

struct BpfMapInfo {
    std::string name;
    BpfMapShape shape;
};
Result<BpfMapInfo> describe_bpf_map(BorrowedFd map);

/// Keys and values are as long as the map's shape says, which nobody else checks.
Result<void> set_bpf_entry(BorrowedFd map, const void* key, const void* value);
/// ENOENT: no such key.
Result<void> get_bpf_entry(BorrowedFd map, const void* key, void* value);
/// The key behind `key`, the first one for nullptr and for one that is gone. ENOENT: no more.
Result<void> next_bpf_key(BorrowedFd map, const void* key, void* next);

}  // namespace boxctl::os
