// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/filter_builder.h"

#include <cerrno>
#include <cstddef>

#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

namespace boxctl::security {

namespace {

using Code = std::vector<sock_filter>;

struct Run {
    uint32_t first;
    Answer answer;
};

sock_filter statement(uint32_t code, uint32_t k) {
    return {static_cast<uint16_t>(code), 0, 0, k};
}

sock_filter jump(uint32_t code, uint32_t k, size_t if_true, size_t if_false) {
    return {static_cast<uint16_t>(BPF_JMP | code | BPF_K), static_cast<uint8_t>(if_true),
            static_cast<uint8_t>(if_false), k};
}

sock_filter give_errno(int code) {
    return statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(code));
}

sock_filter load(size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

// The kernel reads the arguments of socket(2) as int, so the low half of each is all that counts.
sock_filter load_argument(size_t index) {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return load(offsetof(seccomp_data, args) + index * sizeof(uint64_t));
}

Code check_socket(const SocketRule& rule) {
    Code families;  // each hit jumps over the ones behind it and over the refusal
    bool netlink = false;
    for (const uint32_t family : rule.families) {
        netlink = netlink || family == AF_NETLINK;
        if (family == AF_NETLINK) continue;
        for (sock_filter& earlier : families)
            earlier.jt++;
        families.push_back(jump(BPF_JEQ, family, 1, 0));
    }
    const size_t others = families.size();
    Code code = {load_argument(0)};
    if (netlink) {
        code.push_back(jump(BPF_JEQ, AF_NETLINK, 0, 2));
        code.push_back(load_argument(2));
        code.push_back(jump(BPF_JEQ, rule.denied_netlink_protocol, others, others + 1));
    }
    code.insert(code.end(), families.begin(), families.end());
    code.push_back(give_errno(EAFNOSUPPORT));
    code.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return code;
}

Code leaf(Answer answer, const SocketRule& socket) {
    switch (answer) {
        case Answer::allow:
            return {statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        case Answer::not_permitted:
            return {give_errno(EPERM)};
        case Answer::not_implemented:
            return {give_errno(ENOSYS)};
        case Answer::nothing:
            return {give_errno(0)};
        case Answer::by_socket_family:
            return check_socket(socket);
    }
    return {};
}

// Numbers from one run's first to the next one's share an answer; the last run has no end, which
// is how the x32 calls (number | 0x40000000) get the answer of unknown ones.
std::vector<Run> make_runs(const ArchRules& rules, Answer otherwise) {
    std::vector<Run> runs = {{0, otherwise}};
    const auto begin = [&runs](uint32_t number, Answer answer) {
        if (runs.back().first == number) runs.pop_back();
        if (runs.empty() || runs.back().answer != answer) runs.push_back({number, answer});
    };
    uint32_t expected = 0;
    for (const auto& [number, answer] : rules.answers) {
        if (number != expected) begin(expected, otherwise);
        begin(number, answer);
        expected = number + 1;
    }
    begin(expected, otherwise);
    return runs;
}

Code search(std::span<const Run> runs, const SocketRule& socket) {
    if (runs.size() == 1) return leaf(runs[0].answer, socket);
    const size_t middle = runs.size() / 2;
    const Code below = search(runs.first(middle), socket);
    const Code above = search(runs.subspan(middle), socket);
    Code code;
    if (below.size() <= UINT8_MAX) {
        code.push_back(jump(BPF_JGE, runs[middle].first, below.size(), 0));
    } else {  // a conditional jump spans 255 instructions only
        code.push_back(jump(BPF_JGE, runs[middle].first, 0, 1));
        code.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(below.size())));
    }
    code.insert(code.end(), below.begin(), below.end());
    code.insert(code.end(), above.begin(), above.end());
    return code;
}

}  // namespace

std::vector<sock_filter> build_filter(std::span<const ArchRules> rules, Answer otherwise,
                                      const SocketRule& socket) {
    Code code = {load(offsetof(seccomp_data, arch))};
    for (const ArchRules& arch : rules) {
        Code body = {load(offsetof(seccomp_data, nr))};
        const Code tree = search(make_runs(arch, otherwise), socket);
        body.insert(body.end(), tree.begin(), tree.end());
        code.push_back(jump(BPF_JEQ, arch.audit_arch, 1, 0));
        code.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(body.size())));
        code.insert(code.end(), body.begin(), body.end());
    }
    const Code refused = leaf(otherwise, socket);
    code.insert(code.end(), refused.begin(), refused.end());
    return code;
}

}  // namespace boxctl::security
