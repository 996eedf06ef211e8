// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/call_filter.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "lib/base/text.h"
#include "lib/security/address_families.h"
#include "lib/security/call_groups.h"
#include "lib/security/capability.h"
#include "lib/security/filter_builder.h"

namespace boxctl::security {
namespace {

constexpr int kNoGate = -1;
constexpr int32_t kNoNumber = -1;

/// The name is an array and no pointer, as the loader would have to relocate a thousand of those
/// in every start that needs none.
struct KnownCall {
    char name[32];
    int32_t numbers[2];  ///< by kArches; kNoNumber: that architecture has no such call
    Answer answer;       ///< while the box keeps the capability `gate`, if there is one
    int8_t gate;
};

#include "lib/security/seccomp_calls.inc"

using Names = std::set<std::string, std::less<>>;

constexpr bool before(const KnownCall& one, const KnownCall& other) {
    return std::string_view(one.name) < std::string_view(other.name);
}
static_assert(std::is_sorted(std::begin(kKnownCalls), std::end(kKnownCalls), before));

bool is_known(std::string_view name) {
    return std::any_of(std::begin(kKnownCalls), std::end(kKnownCalls),
                       [&](const KnownCall& call) { return name == call.name; });
}

// What confine(), execute() and the frames between them (lib/launch) call behind the main filter.
constexpr std::string_view kCallsOfAStart[] = {"capset",    "close",     "exit_group", "prctl",
                                               "pread64",   "recvmsg",   "seccomp",    "sendmsg",
                                               "setgroups", "setresgid", "setresuid"};

bool a_start_needs(std::string_view name) {
    return std::find(std::begin(kCallsOfAStart), std::end(kCallsOfAStart), name) !=
           std::end(kCallsOfAStart);
}

void expand(std::string_view word, Names& into) {
    if (!word.starts_with('@')) {
        into.emplace(word);
        return;
    }
    const CallGroup* group = find_call_group(word);
    if (group == nullptr) return;  // parse_call_wishes() let none through
    for (const std::string& member : split_blanks(group->members))
        expand(member, into);
}

Names expand_all(const std::vector<std::string>& words) {
    const bool all = std::find(words.begin(), words.end(), "@known") != words.end();
    Names names;
    for (const std::string& word : words)
        expand(word, names);
    if (all) {
        for (const KnownCall& call : kKnownCalls)
            names.emplace(call.name);
    }
    // Its arguments are behind a pointer, so no filter can tell the families that it asks for:
    // whoever wants it names it.
    const bool named = std::find(words.begin(), words.end(), "socketcall") != words.end();
    if (!named) names.erase("socketcall");
    return names;
}

Answer default_answer(const KnownCall& call, uint64_t capabilities) {
    const bool gated = call.gate != kNoGate;
    if (gated && (capabilities & capability_bit(call.gate)) == 0) return Answer::not_permitted;
    return call.answer;
}

std::vector<ArchRules> rules_for(const auto& answer_of) {
    std::vector<ArchRules> rules;
    for (size_t i = 0; i < std::size(kArches); i++) {
        ArchRules arch = {kArches[i], {}};
        for (const KnownCall& call : kKnownCalls) {
            if (call.numbers[i] == kNoNumber) continue;
            arch.answers[static_cast<uint32_t>(call.numbers[i])] = answer_of(call);
        }
        rules.push_back(std::move(arch));
    }
    return rules;
}

Result<std::string> check_word(const std::string& word) {
    if (word.starts_with('@')) {
        if (word == "@known" || find_call_group(word) != nullptr) return word;
        std::vector<std::string> names = {"@known"};
        for (const CallGroup& group : call_groups())
            names.emplace_back(group.name);
        Error error("unknown group of system calls " + quote(word));
        const std::string near = nearest(word, names);
        error.set_hint(near.empty() ? "'systemd-analyze syscall-filter' lists them"
                                    : "did you mean " + near + "?");
        return error;
    }
    const bool name = std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (name) return word;
    Error error("no name of a system call: " + quote(word));
    if (word.find(':') != std::string::npos) error.set_hint("a denied call always gives EPERM");
    if (word.find(',') != std::string::npos) error.set_hint("names have blanks between them");
    if (word.starts_with('~')) error.set_hint("'~' stands in front of the whole list");
    return error;
}

}  // namespace

Result<CallWishes> parse_call_wishes(std::string_view text) {
    CallWishes wishes;
    const bool denies = text.starts_with('~');
    if (denies) text.remove_prefix(1);
    for (const std::string& word : split_blanks(text))
        (denies ? wishes.denied : wishes.allowed).push_back(BOX_TRY(check_word(word)));
    if (wishes.empty()) return Error("names no system call");
    return wishes;
}

std::vector<std::string> describe(const CallWishes& wishes) {
    std::vector<std::string> texts;
    if (!wishes.allowed.empty()) texts.push_back(join(wishes.allowed, " "));
    if (!wishes.denied.empty()) texts.push_back("~" + join(wishes.denied, " "));
    return texts;
}

std::vector<std::string> unknown_calls(const CallWishes& wishes) {
    std::vector<std::string> unknown;
    for (const std::vector<std::string>* words : {&wishes.allowed, &wishes.denied}) {
        std::copy_if(
                words->begin(), words->end(), std::back_inserter(unknown),
                [](const std::string& word) { return !word.starts_with('@') && !is_known(word); });
    }
    return unknown;
}

Result<CompiledFilters> compile_filters(uint64_t capabilities, const CallWishes& wishes,
                                        std::span<const uint32_t> families) {
    const Names allowed = expand_all(wishes.allowed);
    const Names denied = expand_all(wishes.denied);
    if (denied.contains("execve")) {
        return Error("the system call filter denies 'execve', without which nothing starts");
    }
    bool deferred = false;
    const auto main_answer = [&](const KnownCall& call) {
        const std::string_view name = call.name;
        if (denied.contains(name)) {
            if (!a_start_needs(name)) return Answer::not_permitted;
            deferred = true;
        } else if (allowed.contains(name)) {
            return name == "socket" ? Answer::by_socket_family : Answer::allow;
        }
        return default_answer(call, capabilities);
    };
    const auto last_answer = [&](const KnownCall& call) {
        return denied.contains(std::string_view(call.name)) && a_start_needs(call.name)
                       ? Answer::not_permitted
                       : Answer::allow;
    };
    const SocketRule socket = {families, kDeniedNetlinkProtocol};
    CompiledFilters filters;
    filters.main = build_filter(rules_for(main_answer), Answer::not_implemented, socket);
    if (deferred) filters.last = build_filter(rules_for(last_answer), Answer::allow, socket);
    if (filters.main.size() > BPF_MAXINSNS) {
        return Error("the system call filter gets longer than the kernel takes (4096)");
    }
    return filters;
}

}  // namespace boxctl::security
