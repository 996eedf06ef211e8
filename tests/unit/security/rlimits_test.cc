// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/rlimits.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/security/capability.h"

using namespace boxctl::security;

BOOST_AUTO_TEST_CASE(values_as_users_write_them) {
    const struct {
        const char* text;
        ResourceLimit limit;
    } rows[] = {
            {"NOFILE=1024", {RLIMIT_NOFILE, 1024, 1024}},
            {"nofile=1024:4096", {RLIMIT_NOFILE, 1024, 4096}},
            {"RLIMIT_NOFILE=1:2", {RLIMIT_NOFILE, 1, 2}},
            {"LimitNOFILE=1:2", {RLIMIT_NOFILE, 1, 2}},
            {"CORE=0:infinity", {RLIMIT_CORE, 0, kUnlimited}},
            {"AS=infinity", {RLIMIT_AS, kUnlimited, kUnlimited}},
            {"MEMLOCK=64K:8M", {RLIMIT_MEMLOCK, 65536, 8388608}},
            {"DATA=2G", {RLIMIT_DATA, 2147483648, 2147483648}},
            {"CPU=60", {RLIMIT_CPU, 60, 60}},
            {"NICE=25", {RLIMIT_NICE, 25, 25}},
            {"NICE=-5", {RLIMIT_NICE, 25, 25}},
            {"NICE=+19:-20", {RLIMIT_NICE, 1, 40}},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.text) {
            const auto parsed = parse_limit(row.text);
            BOOST_REQUIRE(parsed.has_value());
            BOOST_CHECK(*parsed == row.limit);
        }
    }
}

BOOST_AUTO_TEST_CASE(values_that_make_no_sense_are_errors) {
    for (const char* text :
         {"NOFILE", "=5", "NOFILE=", "NOFILE=:", "NOFILE=1:", "NOFILE=:1", "NOFILE=2:1",
          "NOFILE=infinity:5", "NOFILE=1K", "NOFILE=-1", "NOFILE=1:2:3", "NOFILE= 1", "NICE=-21",
          "NICE=+20", "NICE=-", "AS=1Q", "AS=99999999999999999999", "Infinity=1", "AS=unlimited"}) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST(!parse_limit(text).has_value());
        }
    }
    BOOST_TEST(parse_limit("NOFILES=1").error().message() ==
               "unknown resource limit 'NOFILES'; did you mean NOFILE?");
    BOOST_TEST(parse_limit("NOFILE=2:1").error().message() ==
               "soft NOFILE limit above the hard one in '2:1'");
    BOOST_TEST(parse_limit("NOFILE").error().message() ==
               "resource limit 'NOFILE' has no value; write NAME=SOFT[:HARD]");
}

BOOST_AUTO_TEST_CASE(every_resource_has_a_name_that_parses_back) {
    BOOST_TEST(limit_names().size() == static_cast<size_t>(RLIMIT_NLIMITS));
    for (const std::string& name : limit_names()) {
        const auto resource = parse_limit_name(name);
        BOOST_REQUIRE(resource.has_value());
        BOOST_TEST(limit_name(*resource) == name);
    }
    BOOST_TEST(limit_name(99) == "rlimit 99");
}

BOOST_AUTO_TEST_CASE(limit_descriptions_parse_back) {
    const ResourceLimit limit = {RLIMIT_STACK, 8388608, kUnlimited};
    BOOST_TEST(describe(limit) == "STACK=8388608:infinity");
    BOOST_CHECK(*parse_limit(describe(limit)) == limit);
}

BOOST_AUTO_TEST_CASE(defaults_are_those_of_pid_1_with_core_files_off) {
    const HostLimits host = {1048576, {RLIMIT_NPROC, 100, 200}, {RLIMIT_SIGPENDING, 300, 400}};
    const auto limits = default_limits(host);
    BOOST_TEST(limits.size() == static_cast<size_t>(RLIMIT_NLIMITS));
    const ResourceLimit expected[] = {
            {RLIMIT_CORE, 0, kUnlimited},        {RLIMIT_MEMLOCK, 8388608, 8388608},
            {RLIMIT_MSGQUEUE, 819200, 819200},   {RLIMIT_NICE, 0, 0},
            {RLIMIT_NOFILE, 1024, 524288},       {RLIMIT_RTPRIO, 0, 0},
            {RLIMIT_STACK, 8388608, kUnlimited}, {RLIMIT_NPROC, 100, 200},
            {RLIMIT_SIGPENDING, 300, 400},       {RLIMIT_AS, kUnlimited, kUnlimited},
    };
    for (const ResourceLimit& want : expected) {
        BOOST_TEST_CONTEXT(describe(want)) {
            BOOST_TEST(std::count(limits.begin(), limits.end(), want) == 1);
        }
    }
    const auto small = default_limits({4096, host.processes, host.pending_signals});
    BOOST_TEST(std::count(small.begin(), small.end(), ResourceLimit{RLIMIT_NOFILE, 1024, 4096}) ==
               1);
}

BOOST_AUTO_TEST_CASE(a_change_replaces_the_row_of_its_resource) {
    const auto merged = override_limits({{RLIMIT_CPU, 1, 2}, {RLIMIT_AS, 3, 4}},
                                        {{RLIMIT_AS, 5, 6}, {RLIMIT_RSS, 7, 8}, {RLIMIT_AS, 9, 9}});
    const std::vector<ResourceLimit> expected = {
            {RLIMIT_CPU, 1, 2}, {RLIMIT_AS, 9, 9}, {RLIMIT_RSS, 7, 8}};
    BOOST_CHECK(merged == expected);
}

BOOST_AUTO_TEST_CASE(the_host_can_be_asked) {
    const auto host = probe_host_limits();
    BOOST_REQUIRE(host.has_value());
    BOOST_TEST(host->nr_open >= 1024U);
    BOOST_TEST(host->processes.resource == static_cast<int>(RLIMIT_NPROC));
}

namespace {

template <class Act>
int in_child(Act act) {
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) _exit(act());
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
    BOOST_REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

bool holds(uint64_t soft, uint64_t hard) {
    rlimit now = {};
    return getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == soft && now.rlim_max == hard;
}

}  // namespace

BOOST_AUTO_TEST_CASE(limits_are_applied) {
    BOOST_TEST(in_child([] {
                   const ResourceLimit limits[] = {{RLIMIT_NOFILE, 32, 64}, {RLIMIT_CORE, 0, 0}};
                   return apply_limits(limits, 2) == 0 && holds(32, 64) ? 0 : 1;
               }) == 0);
}

BOOST_AUTO_TEST_CASE(a_limit_that_cannot_be_raised_stays_as_near_as_possible) {
    BOOST_TEST(in_child([] {
                   const ResourceLimit low = {RLIMIT_NOFILE, 32, 64};
                   const ResourceLimit high = {RLIMIT_NOFILE, 128, 256};
                   if (apply_limits(&low, 1) != 0 || set_capabilities(0) != 0) return 1;
                   return apply_limits(&high, 1) == 0 && holds(64, 64) ? 0 : 2;
               }) == 0);
}

BOOST_AUTO_TEST_CASE(an_impossible_limit_is_reported) {
    BOOST_TEST(in_child([] {
                   const ResourceLimit wrong = {RLIMIT_NOFILE, 2, 1};
                   return -apply_limits(&wrong, 1);
               }) == EINVAL);
}
