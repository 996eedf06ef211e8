// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/properties.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;

namespace {

/// "file=value", or "" for a refusal.
std::string limit(const std::string& name, const std::string& value) {
    const auto limits = cgroup::limits_of({{name, value}});
    if (!limits) return "";
    BOOST_REQUIRE(limits->size() == 1U);
    return limits->front().file + "=" + limits->front().value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cgroup_properties)

BOOST_AUTO_TEST_CASE(values_are_written_as_the_kernel_wants_them) {
    const struct {
        const char* name;
        const char* value;
        const char* written;
    } rows[] = {
            {"MemoryMax", "512M", "memory.max=536870912"},
            {"MemoryMax", "4096", "memory.max=4096"},
            {"MemoryMax", "infinity", "memory.max=max"},
            {"MemoryHigh", "1G", "memory.high=1073741824"},
            {"MemoryLow", "1K", "memory.low=1024"},
            {"MemoryMin", "0", "memory.min=0"},
            {"MemorySwapMax", "0", "memory.swap.max=0"},
            {"CPUQuota", "50%", "cpu.max=50000 100000"},
            {"CPUQuota", "250%", "cpu.max=250000 100000"},
            {"CPUQuota", "12.5%", "cpu.max=12500 100000"},
            {"CPUQuota", "1.25%", "cpu.max=1250 100000"},
            {"CPUWeight", "1", "cpu.weight=1"},
            {"CPUWeight", "10000", "cpu.weight=10000"},
            {"TasksMax", "4096", "pids.max=4096"},
            {"TasksMax", "infinity", "pids.max=max"},
            {"IOWeight", "200", "io.weight=default 200"},
            {"AllowedCPUs", "0-3,7", "cpuset.cpus=0-3,7"},
            {"AllowedCPUs", "0-3  7", "cpuset.cpus=0-3,7"},
            {"AllowedMemoryNodes", "0", "cpuset.mems=0"},
    };
    for (const auto& row : rows)
        BOOST_TEST(limit(row.name, row.value) == row.written);
}

BOOST_AUTO_TEST_CASE(values_that_a_property_does_not_take_are_refused) {
    const settings::Assignment rows[] = {
            {"MemoryMax", "lots"},     {"MemoryMax", "-1"},      {"MemoryMax", "101%"},
            {"MemoryMax", "1M\n1"},    {"CPUQuota", "50"},       {"CPUQuota", "%"},
            {"CPUQuota", "0%"},        {"CPUQuota", "0.5%"},     {"CPUQuota", "1.%"},
            {"CPUQuota", "1.255%"},    {"CPUQuota", "1.5.5%"},   {"CPUQuota", "-5%"},
            {"CPUQuota", "infinity%"}, {"CPUWeight", "0"},       {"CPUWeight", "10001"},
            {"TasksMax", "0"},         {"TasksMax", "1.5"},      {"IOWeight", "default 5"},
            {"AllowedCPUs", ","},      {"AllowedCPUs", "3-1"},   {"AllowedCPUs", "1-"},
            {"AllowedCPUs", "-1"},     {"AllowedCPUs", "1-2-3"}, {"AllowedCPUs", "99999"},
    };
    for (const auto& row : rows) {
        BOOST_TEST(limit(row.name, row.value) == "", row.name << "=" << row.value);
    }
}

BOOST_AUTO_TEST_CASE(errors_say_what_is_taken) {
    const auto limits = cgroup::limits_of({{"CPUQuota", "half\x1b[2J"}});
    BOOST_REQUIRE(!limits.has_value());
    BOOST_TEST(limits.error().message() ==
               "--property: value of CPUQuota is 'half\\x1b[2J', not a percentage such as 150%");
}

BOOST_AUTO_TEST_CASE(what_only_systemd_can_set_is_refused) {
    const settings::Assignment rows[] = {{"IPAddressDeny", "any"},
                                         {"SocketBindDeny", "any"},
                                         {"MemoryMax", "50%"},
                                         {"CPUWeight", "idle"}};
    for (const auto& row : rows) {
        const auto limits = cgroup::limits_of({row});
        BOOST_REQUIRE(!limits.has_value());
        BOOST_TEST(limits.error().message() ==
                   "--property=" + row.name + "=" + row.value +
                           ": only systemd can set that; this machine was not booted with it: "
                           "leave the property out");
    }
    BOOST_TEST(!cgroup::limits_of({{"Nonsense", "1"}}).has_value());
}

BOOST_AUTO_TEST_CASE(devices_are_no_limit_but_have_to_be_well_formed) {
    const auto limits =
            cgroup::limits_of({{"DeviceAllow", "/dev/kvm"}, {"DevicePolicy", "strict"}});
    BOOST_REQUIRE(limits.has_value());
    BOOST_TEST(limits->empty());
    BOOST_TEST(!cgroup::limits_of({{"DeviceAllow", "kvm"}}).has_value());
}

BOOST_AUTO_TEST_CASE(a_later_value_wins_and_an_empty_one_takes_back) {
    const auto limits = cgroup::limits_of({{"TasksMax", "1"},
                                           {"MemoryMax", "1G"},
                                           {"CPUWeight", "5"},
                                           {"TasksMax", "2"},
                                           {"MemoryMax", ""}});
    BOOST_REQUIRE(limits.has_value());
    BOOST_REQUIRE(limits->size() == 2U);
    BOOST_TEST((*limits)[0].file == "cpu.weight");
    BOOST_TEST((*limits)[1].value == "2");
    BOOST_TEST((*limits)[1].property == "TasksMax=2");
    BOOST_TEST((*limits)[1].controller == "pids");
}

BOOST_AUTO_TEST_SUITE_END()
