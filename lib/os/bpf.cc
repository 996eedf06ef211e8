// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/bpf.h"

#include <array>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace boxctl::os {
namespace {

constexpr size_t kMostPrograms = 64;  // the kernel's own bound for one cgroup
constexpr size_t kMostMaps = 16;
constexpr int kLoadAttempts = 10;

/// The kernel checks that what it does not know of a longer union is zero.
int64_t call_bpf(bpf_cmd command, bpf_attr& request) {
    return syscall(SYS_bpf, command, &request, sizeof request);
}

uint64_t address_of(const void* data) {
    return reinterpret_cast<uint64_t>(data);
}

template <size_t Size>
void set_name(char (&field)[Size], const char* name) {
    strncpy(field, name, Size - 1);
}

template <size_t Size>
std::string name_in(const char (&field)[Size]) {
    return {field, strnlen(field, Size)};
}

Result<UniqueFd> made(int64_t fd, const std::string& what) {
    if (fd < 0) return errno_error(what);
    return UniqueFd(static_cast<int>(fd));
}

/// Fills `info`, or as much of it as this kernel knows.
template <class Info>
Result<void> read_info(BorrowedFd object, Info& info, const char* what) {
    bpf_attr request = {};
    request.info.bpf_fd = static_cast<uint32_t>(object.get());
    request.info.info_len = sizeof info;
    request.info.info = address_of(&info);
    if (call_bpf(BPF_OBJ_GET_INFO_BY_FD, request) < 0) return errno_error(what);
    return {};
}

}  // namespace

Result<UniqueFd> create_bpf_map(const char* name, const BpfMapShape& shape, uint32_t flags) {
    bpf_attr request = {};
    request.map_type = shape.type;
    request.key_size = shape.key_size;
    request.value_size = shape.value_size;
    request.max_entries = shape.max_entries;
    request.map_flags = flags;
    set_name(request.map_name, name);
    return made(call_bpf(BPF_MAP_CREATE, request), "make BPF map " + quote(name));
}

Result<UniqueFd> load_device_program(const char* name, std::span<const bpf_insn> code) {
    // It calls nothing that is only for programs under the kernel's own licence.
    static constexpr char kLicence[] = "LGPL-2.1-or-later";
    bpf_attr request = {};
    request.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    request.insns = address_of(code.data());
    request.insn_cnt = static_cast<uint32_t>(code.size());
    request.license = address_of(kLicence);
    set_name(request.prog_name, name);
    int64_t program = call_bpf(BPF_PROG_LOAD, request);
    // The verifier gives up when a signal is pending (kernel/bpf/verifier.c), handled or not.
    for (int attempt = 1; program < 0 && errno == EAGAIN && attempt < kLoadAttempts; attempt++)
        program = call_bpf(BPF_PROG_LOAD, request);
    return made(program, "load BPF program " + quote(name));
}

Result<void> attach_device_program(BorrowedFd cgroup, BorrowedFd program) {
    bpf_attr request = {};
    request.target_fd = static_cast<uint32_t>(cgroup.get());
    request.attach_bpf_fd = static_cast<uint32_t>(program.get());
    request.attach_type = BPF_CGROUP_DEVICE;
    request.attach_flags = BPF_F_ALLOW_MULTI;
    if (call_bpf(BPF_PROG_ATTACH, request) < 0) {
        return errno_error("attach a BPF program to a cgroup");
    }
    return {};
}

Result<std::vector<uint32_t>> list_device_programs(BorrowedFd cgroup) {
    std::vector<uint32_t> ids(kMostPrograms);
    bpf_attr request = {};
    request.query.target_fd = static_cast<uint32_t>(cgroup.get());
    request.query.attach_type = BPF_CGROUP_DEVICE;
    request.query.prog_ids = address_of(ids.data());
    request.query.prog_cnt = static_cast<uint32_t>(ids.size());
    // ENOSPC: there are more.
    if (call_bpf(BPF_PROG_QUERY, request) < 0 && errno != ENOSPC) {
        return errno_error("list the BPF programs of a cgroup");
    }
    ids.resize(std::min<size_t>(request.query.prog_cnt, ids.size()));
    return ids;
}

Result<UniqueFd> open_bpf_program(uint32_t id) {
    bpf_attr request = {};
    request.prog_id = id;
    return made(call_bpf(BPF_PROG_GET_FD_BY_ID, request), format("open BPF program %u", id));
}

Result<UniqueFd> open_bpf_map(uint32_t id) {
    bpf_attr request = {};
    request.map_id = id;
    return made(call_bpf(BPF_MAP_GET_FD_BY_ID, request), format("open BPF map %u", id));
}

Result<BpfProgramInfo> describe_bpf_program(BorrowedFd program) {
    std::array<uint32_t, kMostMaps> maps = {};
    bpf_prog_info info = {};
    info.nr_map_ids = maps.size();
    info.map_ids = address_of(maps.data());
    BOX_TRY(read_info(program, info, "look at a BPF program"));
    const size_t count = std::min<size_t>(info.nr_map_ids, maps.size());
    return BpfProgramInfo{name_in(info.name), {maps.begin(), maps.begin() + count}};
}

Result<BpfMapInfo> describe_bpf_map(BorrowedFd map) {
    bpf_map_info info = {};
    BOX_TRY(read_info(map, info, "look at a BPF map"));
    return BpfMapInfo{name_in(info.name),
                      {info.type, info.key_size, info.value_size, info.max_entries}};
}

Result<void> set_bpf_entry(BorrowedFd map, const void* key, const void* value) {
    bpf_attr request = {};
    request.map_fd = static_cast<uint32_t>(map.get());
    request.key = address_of(key);
    request.value = address_of(value);
    request.flags = BPF_ANY;
    if (call_bpf(BPF_MAP_UPDATE_ELEM, request) < 0) return errno_error("write to a BPF map");
    return {};
}

Result<void> get_bpf_entry(BorrowedFd map, const void* key, void* value) {
    bpf_attr request = {};
    request.map_fd = static_cast<uint32_t>(map.get());
    request.key = address_of(key);
    request.value = address_of(value);
    if (call_bpf(BPF_MAP_LOOKUP_ELEM, request) < 0) return errno_error("read a BPF map");
    return {};
}

Result<void> next_bpf_key(BorrowedFd map, const void* key, void* next) {
    bpf_attr request = {};
    request.map_fd = static_cast<uint32_t>(map.get());
    request.key = address_of(key);
    request.next_key = address_of(next);
    if (call_bpf(BPF_MAP_GET_NEXT_KEY, request) < 0) return errno_error("read a BPF map");
    return {};
}

}  // namespace boxctl::os
