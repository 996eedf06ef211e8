// SPDX-License-Identifier: LGPL-2.1-or-later
// Filters of the user's own: what lists mean, and what the compiled programs say of calls.
#include "lib/security/call_filter.h"

#include <cerrno>
#include <set>
#include <string>

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/security/address_families.h"
#include "lib/security/call_groups.h"
#include "lib/security/capability.h"
#include "tests/unit/security/bpf_machine.h"

using namespace boxctl;
using namespace boxctl::security;

namespace {

FilterView view(const std::vector<sock_filter>& code) {
    return {code.data(), static_cast<uint16_t>(code.size()), "own"};
}

CallWishes wishes(const std::vector<std::string>& lists) {
    CallWishes all;
    for (const std::string& list : lists) {
        auto one = parse_call_wishes(list);
        BOOST_REQUIRE_MESSAGE(one, list);
        all.allowed.insert(all.allowed.end(), one->allowed.begin(), one->allowed.end());
        all.denied.insert(all.denied.end(), one->denied.begin(), one->denied.end());
    }
    return all;
}

struct Compiled {
    CompiledFilters code;
    explicit Compiled(const std::vector<std::string>& lists,
                      uint64_t capabilities = kDefaultCapabilities) {
        auto made = compile_filters(capabilities, wishes(lists), kDefaultFamilies);
        BOOST_REQUIRE_MESSAGE(made, "does not compile");
        code = std::move(*made);
    }
    [[nodiscard]] int main(long number, uint64_t arg0 = 0, uint64_t arg2 = 0) const {
        return answer({view(code.main)}, kNative, number, arg0, arg2);
    }
    [[nodiscard]] int last(long number) const {
        return code.last.empty() ? 0 : answer({view(code.last)}, kNative, number);
    }
};

int answer_of_default(uint32_t arch, long number) {
    return answer(default_filters(kDefaultCapabilities), arch, number);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_wish_for_one_call_changes_that_one_only) {
    const Compiled filter({"keyctl", "~mkdir"});
    for (long number = 0; number < 600; number++) {
        int expected = answer_of_default(kNative, number);
        if (number == SYS_keyctl) expected = 0;
#if defined(__x86_64__)
        if (number == SYS_mkdir) expected = EPERM;
#endif
        BOOST_TEST_CONTEXT("call " << number) {
            BOOST_TEST(filter.main(number) == expected);
        }
    }
    BOOST_TEST(filter.code.last.empty());
}

BOOST_AUTO_TEST_CASE(own_filter_follows_the_capabilities_like_the_default_one) {
    for (const uint64_t capabilities : {uint64_t{0}, kDefaultCapabilities, kAllCapabilities}) {
        const Compiled filter({"keyctl"}, capabilities);
        for (long number = 0; number < 600; number++) {
            if (number == SYS_keyctl) continue;
            BOOST_TEST_CONTEXT("call " << number << " of " << capabilities) {
                BOOST_TEST(filter.main(number) ==
                           answer(default_filters(capabilities), kNative, number));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(groups_mean_their_members) {
    const Compiled clock({"@clock"});
    BOOST_TEST(clock.main(SYS_clock_settime) == 0);
    BOOST_TEST(clock.main(SYS_settimeofday) == 0);
    BOOST_TEST(answer_of_default(kNative, SYS_clock_settime) == EPERM);
    const Compiled no_mount({"~@mount"});
    for (const long number : std::initializer_list<long>{SYS_mount, SYS_umount2, SYS_pivot_root,
                                                         SYS_chroot, 428L, 430L, 442L})
        BOOST_TEST(no_mount.main(number) == EPERM);
    BOOST_TEST(no_mount.main(SYS_read) == 0);
    // A group in a group: @chown of @privileged.
    BOOST_TEST(Compiled({"~@privileged"}).main(SYS_fchownat) == EPERM);
}

BOOST_AUTO_TEST_CASE(deny_beats_allow_in_any_order) {
    BOOST_TEST(Compiled({"@keyring", "~keyctl"}).main(SYS_keyctl) == EPERM);
    BOOST_TEST(Compiled({"~keyctl", "@keyring"}).main(SYS_keyctl) == EPERM);
    BOOST_TEST(Compiled({"~keyctl", "@keyring"}).main(SYS_add_key) == 0);
}

BOOST_AUTO_TEST_CASE(what_a_start_calls_is_denied_by_the_last_filter) {
    const Compiled filter({"~@setuid sendmsg capset"});
    for (const long number :
         std::initializer_list<long>{SYS_setresuid, SYS_setgroups, SYS_sendmsg, SYS_capset}) {
        BOOST_TEST(filter.main(number) == 0);
        BOOST_TEST(filter.last(number) == EPERM);
    }
    BOOST_TEST(filter.main(SYS_setreuid) == EPERM);
    BOOST_TEST(filter.last(SYS_setreuid) == 0);
    BOOST_TEST(filter.last(SYS_execve) == 0);
    BOOST_TEST(filter.last(-1) == 0);
}

BOOST_AUTO_TEST_CASE(execve_cannot_be_denied) {
    for (const char* list : {"~execve", "~@default", "~@known", "~@system-service"}) {
        const auto made = compile_filters(0, wishes({list}), kDefaultFamilies);
        BOOST_REQUIRE(!made);
        BOOST_TEST(made.error().message() ==
                   "the system call filter denies 'execve', without which nothing starts");
    }
}

BOOST_AUTO_TEST_CASE(everything_can_be_allowed_but_socket_goes_by_family) {
    const Compiled filter({"@known"});
    BOOST_TEST(filter.main(SYS_kexec_load) == 0);
    BOOST_TEST(filter.main(SYS_perf_event_open) == 0);
    BOOST_TEST(filter.main(SYS_socket, AF_INET) == 0);
    BOOST_TEST(filter.main(SYS_socket, AF_VSOCK) == EAFNOSUPPORT);
    BOOST_TEST(filter.main(SYS_socket, AF_NETLINK, NETLINK_AUDIT) == EAFNOSUPPORT);
    BOOST_TEST(filter.main(600) == ENOSYS);
    BOOST_TEST(filter.code.main.size() <= size_t{BPF_MAXINSNS});
}

BOOST_AUTO_TEST_CASE(longest_program_fits_the_kernel) {
    std::string every_other;
    bool odd = false;
    for (const CallGroup& group : call_groups()) {
        for (const std::string& word : split_blanks(group.members)) {
            if ((odd = !odd) && word[0] != '@' && word != "execve") every_other += " " + word;
        }
    }
    const Compiled filter({"@known", "~" + every_other}, kAllCapabilities);
    BOOST_TEST(filter.code.main.size() > 600U);
    BOOST_TEST(filter.code.main.size() <= size_t{BPF_MAXINSNS});
    for (long number = 0; number < 600; number++)  // no jump misses
        BOOST_CHECK_NO_THROW((void)filter.main(number));
}

#if defined(__x86_64__)
BOOST_AUTO_TEST_CASE(calls_of_the_other_architecture_follow) {
    constexpr uint32_t k386 = AUDIT_ARCH_I386;
    constexpr long kMkdir386 = 39, kSocketcall386 = 102, kKeyctl386 = 288;
    const Compiled filter({"@keyring @network-io", "~mkdir"});
    BOOST_TEST(answer({view(filter.code.main)}, k386, kMkdir386) == EPERM);
    BOOST_TEST(answer({view(filter.code.main)}, k386, kKeyctl386) == 0);
    // Whatever it does cannot be seen, so no group opens it.
    BOOST_TEST(answer({view(filter.code.main)}, k386, kSocketcall386) == ENOSYS);
    const Compiled named({"socketcall"});
    BOOST_TEST(answer({view(named.code.main)}, k386, kSocketcall386) == 0);
}
#endif

BOOST_AUTO_TEST_CASE(lists_are_parsed_and_written_back) {
    const CallWishes read = wishes({" read   @clock", "~@mount\tkeyctl", "write"});
    BOOST_TEST(join(describe(read), "|") == "read @clock write|~@mount keyctl");
    const struct {
        const char* text;
        const char* message;
    } rows[] = {
            {"", "names no system call"},
            {"~ ", "names no system call"},
            {"@clokc", "unknown group of system calls '@clokc'; did you mean @clock?"},
            {"read,write",
             "no name of a system call: 'read,write'; names have blanks between them"},
            {"read:EPERM",
             "no name of a system call: 'read:EPERM'; a denied call always gives EPERM"},
            {"read ~write",
             "no name of a system call: '~write'; '~' stands in front of the whole list"},
            {"READ", "no name of a system call: 'READ'"},
            {"@", "unknown group of system calls '@'; 'systemd-analyze syscall-filter' lists them"},
    };
    for (const auto& row : rows) {
        const auto parsed = parse_call_wishes(row.text);
        BOOST_TEST_CONTEXT(row.text) {
            BOOST_REQUIRE(!parsed);
            BOOST_TEST(parsed.error().message() == row.message);
        }
    }
}

BOOST_AUTO_TEST_CASE(calls_that_nobody_has_are_told_apart) {
    BOOST_TEST(join(unknown_calls(wishes({"read sys_frobnicate @clock", "~mkdir gettid2"})), " ") ==
               "sys_frobnicate gettid2");
    BOOST_TEST(Compiled({"sys_frobnicate"}).main(SYS_read) == 0);
}

BOOST_AUTO_TEST_CASE(families_are_lists_that_meet) {
    const auto families = [](const std::vector<std::string>& lists, bool widens = true) {
        FamilyFilter all;
        for (const std::string& list : lists) {
            FamilyFilter one;
            if (!list.empty()) one = *parse_families(list);
            one.widens = widens;
            merge(all, one);
        }
        return describe_families(all.families());
    };
    const std::string standard = "AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET";
    BOOST_TEST(families({}) == standard);
    BOOST_TEST(families({"AF_INET AF_UNIX"}) == "AF_UNIX AF_INET");
    BOOST_TEST(families({"AF_INET", "AF_VSOCK"}) == "AF_INET AF_VSOCK");
    BOOST_TEST(families({"~AF_PACKET"}) == "AF_UNIX AF_INET AF_INET6 AF_NETLINK");
    BOOST_TEST(families({"AF_INET AF_UNIX", "~AF_INET"}) == "AF_UNIX");
    BOOST_TEST(families({"~AF_INET AF_PACKET", "AF_INET"}) ==
               "AF_UNIX AF_INET AF_INET6 AF_NETLINK");
    BOOST_TEST(families({"none"}) == "none");
    BOOST_TEST(families({"AF_INET", ""}) == standard);
    // As a file that came with the tree has it.
    BOOST_TEST(families({"AF_VSOCK AF_INET"}, false) == "AF_INET");
    BOOST_TEST(!parse_families("AF_INTE"));
    BOOST_TEST(!parse_families("~"));
    BOOST_TEST(describe(*parse_families("none")) == "none");
    BOOST_TEST(describe(*parse_families("~AF_PACKET AF_LOCAL")) == "~AF_PACKET AF_UNIX");
}

BOOST_AUTO_TEST_CASE(sockets_go_by_the_families_asked_for) {
    const uint32_t none[] = {0};
    const uint32_t two[] = {AF_INET, AF_VSOCK};
    const auto said = [](std::span<const uint32_t> families, uint64_t family, uint64_t protocol) {
        const auto made = compile_filters(kDefaultCapabilities, {}, families);
        BOOST_REQUIRE(made);
        return answer({view(made->main)}, kNative, SYS_socket, family, protocol);
    };
    for (uint64_t family = 0; family < 50; family++) {
        const bool listed = family == AF_INET || family == AF_VSOCK;
        BOOST_TEST(said(two, family, 0) == (listed ? 0 : EAFNOSUPPORT));
        BOOST_TEST(said(std::span(none).first(0), family, 0) == EAFNOSUPPORT);
    }
    BOOST_TEST(said(two, AF_NETLINK, NETLINK_ROUTE) == EAFNOSUPPORT);
    BOOST_TEST(said(two, AF_INET, NETLINK_AUDIT) == 0);
}
