// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/self_check.h"

#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl::security;

namespace {

constexpr uint32_t kGroups[] = {5, 10, 4294967294};

ExpectedStatus intended() {
    ExpectedStatus expected;
    expected.no_new_privs = 0;
    expected.seccomp_mode = 2;
    expected.seccomp_filters = 1;
    expected.bounding = 0x00000000fdecbfff;
    expected.effective = 0x00000000fdecbfff;
    expected.groups = kGroups;
    expected.group_count = 3;
    return expected;
}

const std::string kGood =
        "Name:\tbox\nUmask:\t0022\nUid:\t0\t0\t0\t0\nGroups:\t5 10 4294967294 \n"
        "CapInh:\t0000000000000000\nCapPrm:\t00000000fdecbfff\nCapEff:\t00000000fdecbfff\n"
        "CapBnd:\t00000000fdecbfff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\n"
        "Seccomp:\t2\nSeccomp_filters:\t1\nSpeculation_Store_Bypass:\tthread vulnerable\n";

std::string with(std::string_view from, std::string_view to) {
    std::string text = kGood;
    const size_t at = text.find(from);
    BOOST_REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

BOOST_AUTO_TEST_CASE(intended_state_passes) {
    BOOST_CHECK(compare_status(kGood, intended()) == Mismatch::none);
}

BOOST_AUTO_TEST_CASE(each_difference_is_named) {
    const struct {
        const char* from;
        const char* to;
        Mismatch expected;
    } rows[] = {
            {"NoNewPrivs:\t0", "NoNewPrivs:\t1", Mismatch::no_new_privs},
            {"NoNewPrivs:\t0\n", "", Mismatch::no_new_privs},
            {"Seccomp:\t2", "Seccomp:\t0", Mismatch::seccomp_mode},
            {"Seccomp:\t2\n", "", Mismatch::seccomp_mode},
            {"Seccomp_filters:\t1", "Seccomp_filters:\t0", Mismatch::seccomp_filters},
            {"Seccomp_filters:\t1", "Seccomp_filters:\t", Mismatch::seccomp_filters},
            {"Seccomp_filters:\t1", "Seccomp_filters:\t1 1", Mismatch::seccomp_filters},
            {"Seccomp_filters:\t1", "Seccomp_filters:\t1x", Mismatch::seccomp_filters},
            {"Seccomp_filters:\t1\n", "", Mismatch::seccomp_filters},
            {"CapBnd:\t00000000fdecbfff", "CapBnd:\t00000001fdecbfff", Mismatch::bounding_set},
            {"CapBnd:\t00000000fdecbfff", "CapBnd:\t100000000fdecbfff0", Mismatch::bounding_set},
            {"CapInh:\t0000000000000000", "CapInh:\t0000000000000001", Mismatch::inheritable_set},
            {"CapAmb:\t0000000000000000", "CapAmb:\t0000000000000001", Mismatch::ambient_set},
            {"CapEff:\t00000000fdecbfff", "CapEff:\t00000000fdecbffe", Mismatch::effective_set},
            {"CapPrm:\t00000000fdecbfff", "CapPrm:\t000001fffdecbfff", Mismatch::permitted_set},
            {"5 10 4294967294", "5 10", Mismatch::groups},
            {"5 10 4294967294", "5 10 4294967294 4294967295", Mismatch::groups},
            {"5 10 4294967294", "5 11 4294967294", Mismatch::groups},
            {"5 10 4294967294", "", Mismatch::groups},
            {"Groups:", "Gruppen:", Mismatch::groups},
            {"Uid:\t0\t0\t0\t0\n", "CapBnd:\t0\n", Mismatch::bounding_set},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.to << " for " << row.from) {
            const Mismatch found = compare_status(with(row.from, row.to), intended());
            BOOST_TEST(to_string(found) == std::string(to_string(row.expected)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_name_cannot_pose_as_a_field) {
    // The kernel escapes newlines in Name:, and only the start of a line is a key.
    BOOST_CHECK(compare_status(with("Name:\tbox", "Name:\tSeccomp:\t0"), intended()) ==
                Mismatch::none);
}

BOOST_AUTO_TEST_CASE(no_groups_means_none) {
    ExpectedStatus expected = intended();
    expected.groups = nullptr;
    expected.group_count = 0;
    BOOST_CHECK(compare_status(with("5 10 4294967294 ", " "), expected) == Mismatch::none);
    BOOST_CHECK(compare_status(kGood, expected) == Mismatch::groups);
    // A status without the line says nothing about them.
    BOOST_CHECK(compare_status(with("Groups:\t5 10 4294967294 \n", ""), expected) ==
                Mismatch::groups);
}

BOOST_AUTO_TEST_CASE(every_mismatch_has_a_text_of_its_own) {
    std::string seen = "|";
    for (uint8_t i = 0; i <= static_cast<uint8_t>(Mismatch::groups); i++) {
        const std::string text = std::string(to_string(static_cast<Mismatch>(i))) + "|";
        BOOST_TEST(seen.find("|" + text) == std::string::npos);
        seen += text;
    }
}

BOOST_AUTO_TEST_CASE(a_status_longer_than_any_buffer_is_read_whole) {
    std::string groups;
    std::vector<uint32_t> numbers;
    for (uint32_t i = 1; i <= 20000; i++) {
        numbers.push_back(i);
        groups += std::to_string(i) + " ";
    }
    const std::string text = with("5 10 4294967294 ", groups);
    const int fd = memfd_create("status", MFD_CLOEXEC);
    BOOST_REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ExpectedStatus expected = intended();
    expected.groups = numbers.data();
    expected.group_count = numbers.size();
    BOOST_CHECK(check_self(fd, expected) == Mismatch::none);
    BOOST_TEST(read_filter_count(fd) == 1);
    numbers.back()++;
    BOOST_CHECK(check_self(fd, expected) == Mismatch::groups);
    close(fd);
}

BOOST_AUTO_TEST_CASE(the_filter_count_is_one_number_or_unknown) {
    const struct {
        const char* line;
        int expected;
    } rows[] = {
            {"Seccomp_filters:\t7\n", 7},
            {"Seccomp_filters:\t\n", -1},
            {"Seccomp_filters:\t7 7\n", -1},
            {"Seccomp_filters:\tx\n", -1},
            {"\n", -1},
    };
    for (const auto& row : rows) {
        const std::string text = with("Seccomp_filters:\t1\n", row.line);
        const int fd = memfd_create("status", MFD_CLOEXEC);
        BOOST_REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
        BOOST_TEST_CONTEXT(row.line) {
            BOOST_TEST(read_filter_count(fd) == row.expected);
        }
        close(fd);
    }
}

BOOST_AUTO_TEST_CASE(an_unreadable_or_empty_status_fails) {
    BOOST_CHECK(check_self(-1, intended()) == Mismatch::status_unreadable);
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    BOOST_CHECK(check_self(fd, intended()) == Mismatch::status_unreadable);
    BOOST_TEST(read_filter_count(fd) == -1);
    close(fd);
    BOOST_CHECK(compare_status("", intended()) != Mismatch::none);
}
