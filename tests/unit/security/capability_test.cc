// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/capability.h"

#include <bit>
#include <cerrno>
#include <functional>
#include <string>

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/security/self_check.h"

using namespace boxctl::security;

BOOST_AUTO_TEST_CASE(names_are_taken_in_every_usual_spelling) {
    for (const char* name : {"CAP_SYS_ADMIN", "cap_sys_admin", "SYS_ADMIN", "Sys_Admin"}) {
        const auto parsed = parse_capability(name);
        BOOST_REQUIRE(parsed.has_value());
        BOOST_TEST(*parsed == CAP_SYS_ADMIN);
    }
}

BOOST_AUTO_TEST_CASE(every_name_parses_to_its_own_number) {
    int expected = 0;
    for (const std::string& name : capability_names()) {
        const auto parsed = parse_capability(name);
        BOOST_REQUIRE(parsed.has_value());
        BOOST_TEST(*parsed == expected);
        BOOST_TEST(capability_name(expected) == name);
        expected++;
    }
    BOOST_TEST(expected == 41);
    BOOST_TEST(capability_name(41) == "cap_41");
    BOOST_TEST(capability_name(-1) == "cap_-1");
}

BOOST_AUTO_TEST_CASE(unknown_names_hint_at_the_nearest) {
    const auto parsed = parse_capability("SYS_ADMN");
    BOOST_REQUIRE(!parsed.has_value());
    BOOST_TEST(parsed.error().message() ==
               "unknown capability 'SYS_ADMN'; did you mean CAP_SYS_ADMIN?");
    for (const char* name :
         {"", "CAP_", "5", "CAP_41", "all", "CAP_CAP_CHOWN", "xyzzyxyzzyxyzzy"}) {
        BOOST_TEST(!parse_capability(name).has_value());
    }
}

BOOST_AUTO_TEST_CASE(lists) {
    const struct {
        const char* text;
        uint64_t mask;
    } rows[] = {
            {"", 0},
            {",,", 0},
            {"CAP_CHOWN", 1},
            {"CAP_CHOWN,CAP_CHOWN", 1},
            {"chown, kill\tBPF", 1 | capability_bit(CAP_KILL) | capability_bit(CAP_BPF)},
            {"all", kAllCapabilities},
            {"ALL,chown", kAllCapabilities},
    };
    for (const auto& row : rows) {
        const auto parsed = parse_capabilities(row.text);
        BOOST_TEST_CONTEXT(row.text) {
            BOOST_REQUIRE(parsed.has_value());
            BOOST_TEST(*parsed == row.mask);
        }
    }
    BOOST_TEST(!parse_capabilities("CAP_CHOWN,bogus").has_value());
}

BOOST_AUTO_TEST_CASE(capability_descriptions_parse_back) {
    for (const uint64_t mask : {kDefaultCapabilities, default_capabilities(true), uint64_t{1}}) {
        BOOST_TEST(*parse_capabilities(describe_capabilities(mask)) == mask);
    }
    BOOST_TEST(describe_capabilities(0) == "none");
    BOOST_TEST(describe_capabilities(kAllCapabilities) == "all");
    BOOST_TEST(describe_capabilities(3) == "CAP_CHOWN,CAP_DAC_OVERRIDE");
}

BOOST_AUTO_TEST_CASE(default_set_is_nspawns) {
    BOOST_TEST(std::popcount(kDefaultCapabilities) == 26);
    BOOST_TEST(default_capabilities(false) == kDefaultCapabilities);
    BOOST_TEST(default_capabilities(true) ==
               (kDefaultCapabilities | capability_bit(CAP_NET_ADMIN)));
    for (const int gone : {CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_SYSLOG, CAP_IPC_LOCK,
                           CAP_BPF, CAP_PERFMON, CAP_SYS_PACCT, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE,
                           CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND, CAP_CHECKPOINT_RESTORE}) {
        BOOST_TEST((default_capabilities(true) & capability_bit(gone)) == 0U);
    }
}

namespace {

int in_child(const std::function<int()>& act) {
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) _exit(act());
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
    BOOST_REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

// What is left to the three sets of a child that gave up all but `keep`; bounding, effective
// and permitted are compared by the self check.
int confine(uint64_t keep, const ExpectedStatus& expected) {
    const int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (reset_securebits() != 0 || drop_bounding(keep) != 0 || set_capabilities(keep) != 0) {
        return 100;
    }
    return static_cast<int>(check_self(status, expected));
}

}  // namespace

BOOST_AUTO_TEST_CASE(giving_up_leaves_exactly_what_was_kept) {
    const auto own = probe_bounding_set();
    BOOST_REQUIRE(own.has_value());
    if (geteuid() != 0) {
        BOOST_TEST_MESSAGE("needs root");
        return;
    }
    // The machine that tests may itself be confined.
    const uint64_t keep = *own & kDefaultCapabilities;
    BOOST_TEST_REQUIRE((keep & capability_bit(CAP_SETUID)) != 0U);
    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const int filters = read_filter_count(fd);
    close(fd);
    ExpectedStatus expected;
    expected.seccomp_mode = filters > 0 ? 2 : 0;
    expected.seccomp_filters = static_cast<uint32_t>(filters);
    expected.bounding = keep;
    expected.effective = keep;
    std::vector<uint32_t> groups(static_cast<size_t>(getgroups(0, nullptr)));
    BOOST_REQUIRE(getgroups(static_cast<int>(groups.size()), groups.data()) >= 0);
    expected.groups = groups.data();
    expected.group_count = groups.size();
    BOOST_TEST(in_child([&] { return confine(keep, expected); }) == 0);
    // The check has to notice one that is kept, or gone, against the intention.
    const uint64_t less = keep & ~capability_bit(CAP_SETUID);
    BOOST_TEST(in_child([&] { return confine(less, expected); }) ==
               static_cast<int>(Mismatch::bounding_set));
    expected.bounding = expected.effective = less;
    BOOST_TEST(in_child([&] { return confine(keep, expected); }) ==
               static_cast<int>(Mismatch::bounding_set));
}

BOOST_AUTO_TEST_CASE(what_is_not_permitted_cannot_be_asked_for) {
    BOOST_TEST(in_child([] {
                   if (set_capabilities(0) != 0) return 100;
                   return -set_capabilities(capability_bit(CAP_SYS_ADMIN));
               }) == EPERM);
    BOOST_TEST(in_child([] {
                   if (set_capabilities(0) != 0) return 100;
                   return -drop_bounding(0);
               }) == EPERM);
}

BOOST_AUTO_TEST_CASE(securebits_of_the_launcher_do_not_reach_the_box) {
    if (geteuid() != 0) return;
    BOOST_TEST(in_child([] {
                   if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) != 0) return 100;
                   if (reset_securebits() != 0) return 101;
                   return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
               }) == 0);
    BOOST_TEST(in_child([] {
                   if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) !=
                       0) {
                       return 100;
                   }
                   return -reset_securebits();
               }) == EPERM);
}
