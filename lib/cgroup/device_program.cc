// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/device_program.h"

#include <cstddef>

namespace boxctl::cgroup {
namespace {

using Code = std::vector<bpf_insn>;

// Registers: a call takes 1 to 5, answers in 0 and keeps 6 to 9. The stack lies below 10.
constexpr uint8_t kAnswer = BPF_REG_0;
constexpr uint8_t kAccess = BPF_REG_7;
constexpr uint8_t kMinor = BPF_REG_8;
constexpr uint8_t kContext = BPF_REG_9;
constexpr uint8_t kStack = BPF_REG_10;

// On the stack: the key of the refusal, whose beginning is that of what is allowed; below it the
// value of a new entry.
constexpr int16_t kKey = -static_cast<int16_t>(sizeof(RefusedKey));
constexpr int16_t kValue = kKey - static_cast<int16_t>(sizeof(RefusedValue));
static_assert(kValue % 8 == 0 && offsetof(RefusedKey, command) % 8 == 0);

constexpr int16_t at(size_t offset) {
    return static_cast<int16_t>(kKey + static_cast<int16_t>(offset));
}
constexpr int16_t kKeyType = at(offsetof(AllowedKey, type));
constexpr int16_t kKeyMajor = at(offsetof(AllowedKey, major_number));
constexpr int16_t kKeyMinor = at(offsetof(AllowedKey, minor_number));
constexpr int16_t kKeyAccess = at(offsetof(RefusedKey, access));
constexpr int16_t kKeyCommand = at(offsetof(RefusedKey, command));

bpf_insn instruction(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t number) {
    bpf_insn made = {};
    made.code = code;
    made.dst_reg = to & 0xfU;
    made.src_reg = from & 0xfU;
    made.off = offset;
    made.imm = number;
    return made;
}

bpf_insn set(uint8_t to, int32_t number) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number);
}
bpf_insn copy(uint8_t to, uint8_t from) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
bpf_insn load(uint8_t to, uint8_t from, int16_t offset) {
    return instruction(BPF_LDX | BPF_MEM | BPF_W, to, from, offset, 0);
}
bpf_insn store(int16_t place, uint8_t from) {
    return instruction(BPF_STX | BPF_MEM | BPF_W, kStack, from, place, 0);
}
bpf_insn store_number(uint8_t size, int16_t place, int32_t number) {
    return instruction(BPF_ST | BPF_MEM | size, kStack, 0, place, number);
}
bpf_insn call(int32_t function) {
    return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

void append(Code& code, std::initializer_list<bpf_insn> more) {
    code.insert(code.end(), more);
}

/// Where a jump stands whose target comes later.
size_t jump_if(Code& code, uint8_t comparison, uint8_t left, int32_t number) {
    code.push_back(instruction(BPF_JMP | comparison | BPF_K, left, 0, 0, number));
    return code.size() - 1;
}
size_t jump_if_same(Code& code, uint8_t left, uint8_t right) {
    code.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_X, left, right, 0, 0));
    return code.size() - 1;
}
/// Makes the next instruction the target of the jump at `from`.
void land(Code& code, size_t from) {
    code[from].off = static_cast<int16_t>(code.size() - from - 1);
}

void append_address(Code& code, uint8_t to, int16_t place) {
    append(code, {copy(to, kStack), instruction(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, place)});
}
/// A number of 64 bits takes two instructions.
void append_map(Code& code, uint8_t to, int map) {
    append(code, {instruction(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, map), {}});
}
/// The address of the value for the key, or 0.
void append_lookup(Code& code, int map) {
    append_map(code, BPF_REG_1, map);
    append_address(code, BPF_REG_2, kKey);
    code.push_back(call(BPF_FUNC_map_lookup_elem));
}

void append_question(Code& code) {
    append(code,
           {copy(kContext, BPF_REG_1),
            load(BPF_REG_1, kContext, offsetof(bpf_cgroup_dev_ctx, access_type)),
            copy(kAccess, BPF_REG_1), instruction(BPF_ALU64 | BPF_RSH | BPF_K, kAccess, 0, 0, 16),
            instruction(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 0xffff),
            store(kKeyType, BPF_REG_1),
            load(BPF_REG_1, kContext, offsetof(bpf_cgroup_dev_ctx, major)),
            store(kKeyMajor, BPF_REG_1),
            load(kMinor, kContext, offsetof(bpf_cgroup_dev_ctx, minor)), store(kKeyMinor, kMinor)});
}

void append_rest_of_key(Code& code, Naming naming) {
    append(code, {store(kKeyMinor, kMinor), store(kKeyAccess, kAccess),
                  store_number(BPF_DW, kKeyCommand, 0), store_number(BPF_DW, kKeyCommand + 8, 0)});
    if (naming == Naming::without) return;
    append_address(code, BPF_REG_1, kKeyCommand);
    append(code, {set(BPF_REG_2, sizeof(RefusedKey::command)), call(BPF_FUNC_get_current_comm)});
}

/// Returns the jump that is taken when the entry allows it.
size_t append_check(Code& code, int allowed_map) {
    append_lookup(code, allowed_map);
    const size_t none = jump_if(code, BPF_JEQ, kAnswer, 0);
    append(code, {load(BPF_REG_1, kAnswer, 0),
                  instruction(BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_1, kAccess, 0, 0)});
    const size_t allowed = jump_if_same(code, BPF_REG_1, kAccess);
    land(code, none);
    return allowed;
}

/// A second processor may have made the entry between our two looks: then ours is not made, which
/// is as good. One that has just been evicted again goes uncounted.
void append_count(Code& code, int refused_map) {
    append_lookup(code, refused_map);
    const size_t there = jump_if(code, BPF_JNE, kAnswer, 0);
    code.push_back(store_number(BPF_DW, kValue, 0));
    append_map(code, BPF_REG_1, refused_map);
    append_address(code, BPF_REG_2, kKey);
    append_address(code, BPF_REG_3, kValue);
    append(code, {set(BPF_REG_4, BPF_NOEXIST), call(BPF_FUNC_map_update_elem)});
    append_lookup(code, refused_map);
    const size_t evicted = jump_if(code, BPF_JEQ, kAnswer, 0);
    land(code, there);
    append(code, {set(BPF_REG_1, 1),
                  instruction(BPF_STX | BPF_ATOMIC | BPF_DW, kAnswer, BPF_REG_1, 0, BPF_ADD)});
    land(code, evicted);
}

}  // namespace

std::vector<bpf_insn> assemble_device_program(int allowed_map, int refused_map, Naming naming) {
    const bpf_insn leave = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    Code code;
    append_question(code);
    const size_t one = append_check(code, allowed_map);
    code.push_back(store_number(BPF_W, kKeyMinor, static_cast<int32_t>(kEveryMinor)));
    const size_t every = append_check(code, allowed_map);
    // access(2) asks for nothing when it only wants to know whether there is something.
    const size_t nothing = jump_if(code, BPF_JEQ, kAccess, 0);
    append_rest_of_key(code, naming);
    append_count(code, refused_map);
    land(code, nothing);
    append(code, {set(kAnswer, 0), leave});
    land(code, one);
    land(code, every);
    append(code, {set(kAnswer, 1), leave});
    return code;
}

}  // namespace boxctl::cgroup
