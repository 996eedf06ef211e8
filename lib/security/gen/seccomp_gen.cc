// SPDX-License-Identifier: LGPL-2.1-or-later
// seccomp_gen PROCESSOR filters|calls: prints lib/security/seccomp_filters.inc or seccomp_calls.inc
// for that processor.
//
// Runs while boxctl is built; libseccomp serves as the table of call numbers per architecture, so
// that the product neither links it nor compiles a policy at each launch. A box with a filter of
// its user's has one compiled from the table of calls (call_filter.h).
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <linux/audit.h>
#include <seccomp.h>

#include "lib/security/address_families.h"
#include "lib/security/capability.h"
#include "lib/security/filter_builder.h"
#include "lib/security/gen/policy.h"

namespace boxctl::security::gen {

namespace {

constexpr uint32_t kTokens[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
constexpr uint32_t kLastNumber = 1023;
constexpr uint32_t kArmPrivateFirst = 0xf0000;  // __ARM_NR_BASE
constexpr uint32_t kArmPrivateLast = 0xf000f;

struct Arch {
    uint32_t token;  // SCMP_ARCH_*: the AUDIT_ARCH_* value
    std::map<std::string, uint32_t> numbers;
};

[[noreturn]] void fail(const char* what, const char* name) {
    (void)fprintf(stderr, "seccomp_gen: %s '%s'\n", what, name);
    exit(EXIT_FAILURE);
}

void learn(Arch& arch, uint32_t first, uint32_t last) {
    for (uint32_t number = first; number <= last; number++) {
        char* name = seccomp_syscall_resolve_num_arch(arch.token, static_cast<int>(number));
        if (name == nullptr) continue;
        arch.numbers.emplace(name, number);
        free(name);
    }
}

Arch load_arch(uint32_t token) {
    Arch arch = {token, {}};
    learn(arch, 0, kLastNumber);
    if (token == SCMP_ARCH_ARM) learn(arch, kArmPrivateFirst, kArmPrivateLast);
    for (const NumberedCall& call : numbered_calls()) {
        if (call.space == NumberSpace::x86_64 && token != SCMP_ARCH_X86_64) continue;
        const auto [known, added] = arch.numbers.emplace(call.name, call.number);
        if (!added && known->second != call.number) fail("two numbers for", call.name);
    }
    return arch;
}

// The architectures a kernel for `processor` can run, its own first.
std::vector<Arch> load_arches(std::string_view processor) {
    if (processor == "x86_64" || processor == "amd64" || processor == "AMD64") {
        return {load_arch(SCMP_ARCH_X86_64), load_arch(SCMP_ARCH_X86)};
    }
    if (processor == "aarch64" || processor == "arm64") {
        return {load_arch(SCMP_ARCH_AARCH64), load_arch(SCMP_ARCH_ARM)};
    }
    fail("no policy for processor", std::string(processor).c_str());
}

// Names are checked against all architectures, so that a misspelt one fails the build.
void check_names(const std::vector<Arch>& arches) {
    std::set<std::string_view> seen;
    std::vector<Arch> all = arches;
    for (const uint32_t token : kTokens) {
        all.push_back(load_arch(token));
    }
    const auto check = [&](const char* name) {
        bool known = false;
        for (const Arch& arch : all)
            known = known || arch.numbers.contains(name);
        if (!known) fail("no architecture has a call", name);
        if (!seen.insert(name).second) fail("listed twice:", name);
    };
    for (const CallGroup& group : allowed_groups()) {
        for (const char* name : group.calls)
            check(name);
    }
    for (const GatedGroup& group : gated_groups()) {
        for (const char* name : group.calls)
            check(name);
    }
    for (const CallGroup& group : denied_groups()) {
        for (const char* name : group.calls)
            check(name);
    }
}

void answer(ArchRules& rules, const Arch& arch, std::span<const char* const> calls, Answer value) {
    for (const char* name : calls) {
        const auto known = arch.numbers.find(name);
        if (known != arch.numbers.end()) rules.answers[known->second] = value;
    }
}

std::vector<sock_filter> main_filter(const std::vector<Arch>& arches, uint64_t capabilities) {
    std::vector<ArchRules> rules;
    for (const Arch& arch : arches) {
        ArchRules one = {arch.token, {}};
        for (const CallGroup& group : allowed_groups()) {
            answer(one, arch, group.calls, Answer::allow);
        }
        for (const CallGroup& group : denied_groups()) {
            answer(one, arch, group.calls, Answer::not_permitted);
        }
        for (const GatedGroup& group : gated_groups()) {
            const bool kept = (capabilities & capability_bit(group.capability)) != 0;
            answer(one, arch, group.calls, kept ? Answer::allow : Answer::not_permitted);
        }
        constexpr const char* kSocket[] = {"socket"};
        answer(one, arch, kSocket, Answer::by_socket_family);
        rules.push_back(one);
    }
    return build_filter(rules, Answer::not_implemented, {kDefaultFamilies, kDeniedNetlinkProtocol});
}

// Stacked behind the main filter: where two filters refuse, the one loaded last names the errno,
// so everything else is left to the main one.
std::vector<sock_filter> stacked_filter(const std::vector<Arch>& arches,
                                        std::span<const char* const> calls, Answer given) {
    std::vector<ArchRules> rules;
    for (const Arch& arch : arches) {
        ArchRules one = {arch.token, {}};
        answer(one, arch, calls, given);
        rules.push_back(one);
    }
    return build_filter(rules, Answer::allow, {kDefaultFamilies, kDeniedNetlinkProtocol});
}

void print_filter(const std::string& symbol, const std::vector<sock_filter>& code) {
    printf("constexpr sock_filter %s[] = {\n", symbol.c_str());
    for (const sock_filter& step : code) {
        printf("    {0x%02x, %u, %u, 0x%x},\n", step.code, step.jt, step.jf, step.k);
    }
    printf("};\n");
}

void print_filters(const std::vector<Arch>& arches) {
    uint64_t gates = 0;
    for (const GatedGroup& group : gated_groups())
        gates |= capability_bit(group.capability);
    printf("// Made by seccomp_gen from lib/security/gen/policy.cc.\n");
    printf("constexpr uint64_t kGates = 0x%llxULL;\n", static_cast<unsigned long long>(gates));
    print_filter("kDefaultCode", main_filter(arches, kDefaultCapabilities));
    print_filter("kWidestCode", main_filter(arches, kAllCapabilities));
    for (const GatedGroup& group : gated_groups()) {
        print_filter("kRefuse" + std::to_string(group.capability),
                     stacked_filter(arches, group.calls, Answer::not_permitted));
    }
    print_filter("kSuppressSyncCode", stacked_filter(arches, sync_calls(), Answer::nothing));
    printf("constexpr Gate kGateFilters[] = {\n");
    for (const GatedGroup& group : gated_groups()) {
        printf("    {%d, {kRefuse%d, std::size(kRefuse%d), \"%s\"}},\n", group.capability,
               group.capability, group.capability, group.name);
    }
    printf("};\n");
}

struct Decision {
    const char* answer = "not_implemented";
    int gate = -1;
};

std::map<std::string, Decision> decisions() {
    std::map<std::string, Decision> by_name;
    for (const CallGroup& group : allowed_groups()) {
        for (const char* name : group.calls)
            by_name[name] = {"allow"};
    }
    for (const GatedGroup& group : gated_groups()) {
        for (const char* name : group.calls)
            by_name[name] = {"allow", group.capability};
    }
    for (const CallGroup& group : denied_groups()) {
        for (const char* name : group.calls)
            by_name[name] = {"not_permitted"};
    }
    by_name["socket"] = {"by_socket_family"};
    return by_name;
}

void print_calls(const std::vector<Arch>& arches) {
    std::map<std::string, std::vector<int64_t>> numbers;
    for (size_t i = 0; i < arches.size(); i++) {
        for (const auto& [name, number] : arches[i].numbers) {
            numbers[name].resize(arches.size(), -1);
            numbers[name][i] = number;
        }
    }
    printf("// Made by seccomp_gen from lib/security/gen/policy.cc.\n");
    printf("constexpr uint32_t kArches[] = {");
    for (const Arch& arch : arches)
        printf("0x%x, ", arch.token);
    printf("};\nconstexpr KnownCall kKnownCalls[] = {\n");
    std::map<std::string, Decision> answers = decisions();
    for (const auto& [name, by_arch] : numbers) {
        const Decision decision = answers[name];
        printf("    {\"%s\", {", name.c_str());
        for (const int64_t number : by_arch)
            printf("%lld, ", static_cast<long long>(number));
        printf("}, Answer::%s, %d},\n", decision.answer, decision.gate);
    }
    printf("};\n");
}

int generate(int argc, char** argv) {
    const std::string_view what = argc == 3 ? argv[2] : "";
    if (what != "filters" && what != "calls") {
        (void)fprintf(stderr, "usage: seccomp_gen PROCESSOR filters|calls\n");
        return EXIT_FAILURE;
    }
    const std::vector<Arch> arches = load_arches(argv[1]);
    check_names(arches);
    if (what == "filters") {
        print_filters(arches);
    } else {
        print_calls(arches);
    }
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

}  // namespace boxctl::security::gen

int main(int argc, char** argv) {
    return boxctl::security::gen::generate(argc, argv);
}
