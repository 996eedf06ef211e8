// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/plan.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using Kind = cgroup::CgroupPlan::Kind;

namespace {

host::CgroupFacts unified() {
    return {.layout = host::CgroupLayout::unified,
            .mount = "/sys/fs/cgroup",
            .own = "/",
            .controllers = {"cpuset", "cpu", "io", "memory", "pids"},
            .writable = true};
}

host::CgroupFacts hybrid() {
    return {.layout = host::CgroupLayout::hybrid,
            .mount = "/sys/fs/cgroup/unified",
            .own = "/",
            .controllers = {},
            .writable = true};
}

settings::Settings with(std::vector<settings::Variable> properties, bool keep_unit = false) {
    settings::Settings wanted;
    wanted.resources.properties.value = std::move(properties);
    wanted.exec.keep_unit.value = keep_unit;
    return wanted;
}

cgroup::CgroupPlan planned(const settings::Settings& wanted, const host::CgroupFacts& have,
                           const std::string& name = "web") {
    auto plan = cgroup::plan_cgroup(wanted, have, name);
    BOOST_REQUIRE_MESSAGE(plan.has_value(), (plan ? "" : plan.error().message()));
    return std::move(plan).value();
}

std::string fault(const settings::Settings& wanted, const host::CgroupFacts& have) {
    const auto plan = cgroup::plan_cgroup(wanted, have, "web");
    BOOST_REQUIRE(!plan.has_value());
    return plan.error().message();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cgroup_plan)

BOOST_AUTO_TEST_CASE(a_box_gets_a_place_below_the_mount) {
    const auto plan = planned(with({}), hybrid());
    BOOST_CHECK(plan.kind == Kind::own);
    BOOST_TEST(plan.machine_dir == "/sys/fs/cgroup/unified/boxctl/web");
    BOOST_TEST(plan.controllers.empty());
    BOOST_TEST(plan.writes.empty());
    BOOST_TEST(plan.note == "");
    BOOST_TEST(cgroup::describe(plan) == "/sys/fs/cgroup/unified/boxctl/web");
}

BOOST_AUTO_TEST_CASE(a_name_that_the_kernel_uses_for_a_file_is_escaped) {
    for (const char* name : {"cgroup.procs", "memory.max", "pids.max", "io.stat"}) {
        BOOST_TEST(planned(with({}), unified(), name).machine_dir ==
                   std::string("/sys/fs/cgroup/boxctl/_") + name);
    }
    BOOST_TEST(planned(with({}), unified(), "memory").machine_dir ==
               "/sys/fs/cgroup/boxctl/memory");
    BOOST_TEST(planned(with({}), unified(), "www.example").machine_dir ==
               "/sys/fs/cgroup/boxctl/www.example");
}

BOOST_AUTO_TEST_CASE(without_version_2_the_box_says_what_it_goes_without) {
    auto plan = planned(with({}), host::CgroupFacts());
    BOOST_CHECK(plan.kind == Kind::none);
    BOOST_TEST(plan.machine_dir == "");
    BOOST_TEST(plan.note ==
               "no cgroup v2 here: processes of the box are not grouped, limits are "
               "not available");
    auto have = unified();
    have.writable = false;
    plan = planned(with({}), have);
    BOOST_CHECK(plan.kind == Kind::none);
    BOOST_TEST(plan.note.starts_with("cgroup v2 is not writable here: "));
    BOOST_TEST(cgroup::describe(plan) == "none");
}

BOOST_AUTO_TEST_CASE(limits_that_cannot_be_kept_are_refused) {
    BOOST_TEST(fault(with({{"MemoryMax", "1G"}}), host::CgroupFacts()) ==
               "--property=MemoryMax=1G: no cgroup v2 here, limits are not available; mount "
               "cgroup2 writable, or leave the property out");
    BOOST_TEST(fault(with({{"TasksMax", "9"}}), hybrid()) ==
               "--property=TasksMax=9: cgroup v2 has no 'pids' controller on this machine; cgroup "
               "v1 may hold it: boot the kernel with cgroup_no_v1=pids, or leave the property out");
    auto have = unified();
    have.controllers = {"pids"};
    BOOST_TEST(fault(with({{"TasksMax", "9"}, {"IOWeight", "10"}}), have)
                       .starts_with("--property=IOWeight=10: cgroup v2 has no 'io' controller"));
}

BOOST_AUTO_TEST_CASE(limits_become_files_and_controllers) {
    const auto plan = planned(with({{"MemoryMax", "512M"},
                                    {"MemoryHigh", "256M"},
                                    {"CPUQuota", "50%"},
                                    {"TasksMax", "100"}}),
                              unified());
    const std::vector<std::string> controllers = {"memory", "cpu", "pids"};
    BOOST_TEST(plan.controllers == controllers, boost::test_tools::per_element());
    BOOST_TEST(cgroup::describe(plan) ==
               "/sys/fs/cgroup/boxctl/web, memory.max=536870912, memory.high=268435456, "
               "cpu.max=50000 100000, pids.max=100");
}

BOOST_AUTO_TEST_CASE(a_kept_unit_takes_the_place_of_our_own) {
    auto have = unified();
    for (const char* own : {"/system.slice/box.service", "/system.slice/box.service/supervisor"}) {
        have.own = own;
        have.writable = false;  // of the root, which a unit does not need
        const auto plan = planned(with({}, true), have);
        BOOST_CHECK(plan.kind == Kind::unit);
        BOOST_TEST(plan.machine_dir == "/sys/fs/cgroup/system.slice/box.service");
        BOOST_TEST(cgroup::describe(plan) == "/sys/fs/cgroup/system.slice/box.service (kept)");
    }
    BOOST_TEST(fault(with({{"MemoryMax", "1G"}}, true), have) ==
               "--property=MemoryMax=1G: the limits of a kept unit are its manager's; set them on "
               "the unit, or leave --keep-unit out");
}

BOOST_AUTO_TEST_CASE(no_unit_to_keep_gives_a_cgroup_and_a_note) {
    auto have = unified();
    for (const char* own : {"/", "/supervisor", "", "/../x.service"}) {
        have.own = own;
        const auto plan = planned(with({}, true), have);
        BOOST_CHECK(plan.kind == Kind::own);
        BOOST_TEST(plan.note == "no unit to keep here: the box gets a cgroup of its own");
    }
}

BOOST_AUTO_TEST_SUITE_END()
