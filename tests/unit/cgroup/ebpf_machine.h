// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine for the instructions that device programs consist of, with maps in memory. Addresses
// are real ones and are checked before they are used. An instruction it does not know, an address
// that is nobody's, or a jump backwards is a test failure.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <linux/bpf.h>

namespace ebpf {

using Bytes = std::vector<char>;

struct Map {
    size_t key_size = 0;
    size_t value_size = 0;
    bool full = false;  ///< as an LRU map that evicts what was just added
    std::map<Bytes, Bytes> entries = {};
};

class Machine {
 public:
    std::map<int, Map> maps;  ///< by descriptor
    std::string command;      ///< the name of the running process

    uint64_t run(const std::vector<bpf_insn>& code, bpf_cgroup_dev_ctx context) {
        context_ = context;
        stack_.fill('\xaa');  // nothing may rely on what is there
        registers_.fill(0xdeadbeef);
        registers_[1] = address(&context_);
        registers_[10] = address(stack_.data() + stack_.size());
        for (size_t at = 0; at < code.size(); at++) {
            const bpf_insn& step = code[at];
            if (step.code == (BPF_JMP | BPF_EXIT)) return registers_[0];
            if (BPF_CLASS(step.code) == BPF_JMP && step.off < 0) throw std::logic_error("a loop");
            if (step.code == (BPF_LD | BPF_IMM | BPF_DW)) {
                if (step.src_reg != BPF_PSEUDO_MAP_FD) throw std::logic_error("no map");
                registers_[step.dst_reg] = static_cast<uint64_t>(step.imm);
                at++;
            } else if (BPF_CLASS(step.code) == BPF_JMP) {
                if (jumps(step)) at += static_cast<size_t>(step.off);
            } else {
                act(step);
            }
        }
        throw std::logic_error("ran off the end");
    }

 private:
    static uint64_t address(const void* data) { return reinterpret_cast<uint64_t>(data); }

    /// `size` bytes at an address: of the stack, the context, or a value of a map.
    char* memory(uint64_t where, size_t size) {
        const auto within = [&](const void* begin, size_t length) {
            return where >= address(begin) && where + size <= address(begin) + length;
        };
        bool found = within(stack_.data(), stack_.size()) || within(&context_, sizeof context_);
        for (auto& [fd, map] : maps) {
            for (auto& [key, value] : map.entries)
                found = found || within(value.data(), value.size());
        }
        if (!found) throw std::logic_error("bad address");
        return reinterpret_cast<char*>(where);
    }

    bool jumps(const bpf_insn& step) {
        const uint64_t left = registers_[step.dst_reg];
        switch (step.code) {
            case BPF_JMP | BPF_CALL:
                call(step.imm);
                return false;
            case BPF_JMP | BPF_JEQ | BPF_K:
                return left == static_cast<uint64_t>(int64_t{step.imm});
            case BPF_JMP | BPF_JNE | BPF_K:
                return left != static_cast<uint64_t>(int64_t{step.imm});
            case BPF_JMP | BPF_JEQ | BPF_X:
                return left == registers_[step.src_reg];
            default:
                throw std::logic_error("unexpected jump");
        }
    }

    void act(const bpf_insn& step) {
        uint64_t& to = registers_[step.dst_reg];
        const uint64_t from = registers_[step.src_reg];
        const auto number = static_cast<uint64_t>(int64_t{step.imm});
        const auto offset = static_cast<uint64_t>(int64_t{step.off});
        switch (step.code) {
            case BPF_ALU64 | BPF_MOV | BPF_K:
                to = number;
                break;
            case BPF_ALU64 | BPF_MOV | BPF_X:
                to = from;
                break;
            case BPF_ALU64 | BPF_ADD | BPF_K:
                to += number;
                break;
            case BPF_ALU64 | BPF_RSH | BPF_K:
                to >>= number;
                break;
            case BPF_ALU64 | BPF_AND | BPF_K:
                to &= number;
                break;
            case BPF_ALU64 | BPF_AND | BPF_X:
                to &= from;
                break;
            case BPF_LDX | BPF_MEM | BPF_W: {
                uint32_t word = 0;
                memcpy(&word, memory(from + offset, sizeof word), sizeof word);
                to = word;
                break;
            }
            case BPF_STX | BPF_MEM | BPF_W:
                memcpy(memory(to + offset, 4), &from, 4);
                break;
            case BPF_ST | BPF_MEM | BPF_W:
                memcpy(memory(to + offset, 4), &number, 4);
                break;
            case BPF_ST | BPF_MEM | BPF_DW:
                memcpy(memory(to + offset, 8), &number, 8);
                break;
            case BPF_STX | BPF_ATOMIC | BPF_DW: {
                if (step.imm != BPF_ADD) throw std::logic_error("unexpected atomic");
                uint64_t sum = 0;
                memcpy(&sum, memory(to + offset, 8), 8);
                sum += from;
                memcpy(memory(to + offset, 8), &sum, 8);
                break;
            }
            default:
                throw std::logic_error("unexpected instruction");
        }
    }

    void call(int32_t function) {
        uint64_t answer = 0;
        if (function == BPF_FUNC_get_current_comm) {
            char* buffer = memory(registers_[1], registers_[2]);
            memset(buffer, 0, registers_[2]);
            memcpy(buffer, command.data(), std::min<size_t>(command.size(), registers_[2] - 1));
        } else {
            Map& map = maps.at(static_cast<int>(registers_[1]));
            const char* key = memory(registers_[2], map.key_size);
            const Bytes name(key, key + map.key_size);
            if (function == BPF_FUNC_map_lookup_elem) {
                const auto found = map.entries.find(name);
                if (found != map.entries.end()) answer = address(found->second.data());
            } else if (function == BPF_FUNC_map_update_elem) {
                if (registers_[4] != BPF_NOEXIST) throw std::logic_error("unexpected flag");
                const char* value = memory(registers_[3], map.value_size);
                if (!map.full) map.entries.try_emplace(name, value, value + map.value_size);
            } else {
                throw std::logic_error("unexpected function");
            }
        }
        // What a call does not keep.
        for (size_t i = 1; i <= 5; i++)
            registers_[i] = 0xdeadbeef;
        registers_[0] = answer;
    }

    std::array<uint64_t, 11> registers_{};
    std::array<char, 512> stack_{};
    bpf_cgroup_dev_ctx context_{};
};

}  // namespace ebpf
