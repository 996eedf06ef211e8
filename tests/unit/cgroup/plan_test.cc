// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/plan.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/bus/unit_properties.h"

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

settings::Settings with(std::vector<settings::Assignment> properties, bool keep_unit = false) {
    settings::Settings wanted;
    wanted.resources.properties.value = std::move(properties);
    wanted.exec.keep_unit.value = keep_unit;
    return wanted;
}

host::HostFacts host_with(host::CgroupFacts cgroup) {
    host::HostFacts have;
    have.cgroup = std::move(cgroup);
    return have;
}

host::HostFacts systemd_host() {
    host::HostFacts have = host_with(unified());
    have.cgroup.systemd = true;
    have.services = {.bus = true, .manager = true, .machined = true};
    return have;
}

cgroup::CgroupPlan planned(const settings::Settings& wanted, const host::HostFacts& have,
                           const cgroup::CgroupContext& context = {"web", {}, 0}) {
    auto plan = cgroup::plan_cgroup(wanted, have, context);
    BOOST_REQUIRE_MESSAGE(plan.has_value(), (plan ? "" : plan.error().message()));
    return std::move(plan).value();
}

cgroup::CgroupPlan planned(const settings::Settings& wanted, const host::CgroupFacts& have,
                           const std::string& name = "web") {
    return planned(wanted, host_with(have), {name, {}, 0});
}

std::string fault(const settings::Settings& wanted, const host::HostFacts& have) {
    const auto plan = cgroup::plan_cgroup(wanted, have, {"web", {}, 0});
    BOOST_REQUIRE(!plan.has_value());
    return plan.error().message();
}
std::string fault(const settings::Settings& wanted, const host::CgroupFacts& have) {
    return fault(wanted, host_with(have));
}

/// What systemd is told of a property, for people; "": nothing.
std::string told(const cgroup::CgroupPlan& plan, const std::string& name) {
    for (const bus::Property& property : plan.scope.properties) {
        if (property.name == name) return bus::describe(property);
    }
    return "";
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

BOOST_AUTO_TEST_CASE(where_systemd_booted_the_machine_it_makes_the_cgroup) {
    const auto plan = planned(with({}), systemd_host(), {"web-1", {}, SIGUSR2});
    BOOST_CHECK(plan.kind == Kind::scope);
    BOOST_TEST(plan.machine_dir == "");
    BOOST_TEST(plan.writes.empty());
    BOOST_TEST(plan.note == "");
    BOOST_TEST(plan.scope.unit == "machine-web\\x2d1.scope");
    BOOST_TEST(plan.scope.bus);
    BOOST_TEST(plan.scope.manager);
    BOOST_TEST(!plan.scope.needed);
    BOOST_TEST(told(plan, "Slice") == "Slice=machine.slice");
    BOOST_TEST(told(plan, "Delegate") == "Delegate=yes");
    BOOST_TEST(told(plan, "TasksMax") == "TasksMax=16384");
    BOOST_TEST(told(plan, "DevicePolicy") == "DevicePolicy=closed");
    BOOST_TEST(told(plan, "DeviceAllow") == "DeviceAllow=char-pts rw");
    BOOST_TEST(told(plan, "KillSignal") == format("KillSignal=%d", SIGUSR2));
}

BOOST_AUTO_TEST_CASE(a_scope_takes_what_was_asked_for) {
    auto wanted = with({{"MemoryMax", "1G"}, {"TasksMax", "50%"}, {"DeviceAllow", "/dev/kvm rw"}});
    wanted.resources.slice.value = "web.slice";
    auto have = systemd_host();
    have.device_tun = true;
    have.cgroup.controllers = {};  // systemd knows what it can enforce
    const auto plan =
            planned(wanted, have, {"web", {{"/dev/vda", true}, {"/dev/ttyS0", false}}, 0});
    BOOST_TEST(told(plan, "Slice") == "Slice=web.slice");
    BOOST_TEST(told(plan, "MemoryMax") == "MemoryMax=1073741824");
    BOOST_TEST(told(plan, "TasksMax") == "");
    BOOST_TEST(told(plan, "TasksMaxScale") == "TasksMaxScale=2147483648");
    BOOST_TEST(told(plan, "KillSignal") == "");
    BOOST_TEST(told(plan, "DeviceAllow") ==
               "DeviceAllow=char-pts rw,/dev/net/tun rwm,/dev/vda r,/dev/ttyS0 rw,/dev/kvm rw");
    BOOST_TEST(plan.scope.needed);
}

BOOST_AUTO_TEST_CASE(a_systemd_out_of_reach_keeps_its_hierarchy_to_itself) {
    auto have = systemd_host();
    have.services = {.bus = false, .manager = true, .machined = false};
    BOOST_CHECK(planned(with({}), have).kind == Kind::scope);
    have.services = {};
    const auto plan = planned(with({}), have);
    BOOST_CHECK(plan.kind == Kind::none);
    BOOST_TEST(plan.note.starts_with("systemd manages the cgroups here and cannot be reached: "));
    BOOST_TEST(fault(with({{"MemoryMax", "1G"}}), have) ==
               "--property=MemoryMax=1G: systemd manages the cgroups here and cannot be reached; "
               "start boxctl where systemd can be reached, or leave it out");
}

BOOST_AUTO_TEST_CASE(a_unit_that_is_not_delegated_is_not_kept) {
    auto have = systemd_host();
    have.cgroup.own = "/user.slice/session-1.scope";
    BOOST_TEST(fault(with({}, true), have) ==
               "--keep-unit: '/user.slice/session-1.scope' is not delegated to us; give that unit "
               "Delegate=yes, or leave --keep-unit out");
    have.cgroup.own_delegated = true;
    BOOST_CHECK(planned(with({}, true), have).kind == Kind::unit);
}

BOOST_AUTO_TEST_CASE(a_slice_without_systemd_is_without_effect) {
    auto wanted = with({});
    wanted.resources.slice.value = "web.slice";
    wanted.resources.slice.origin.source = settings::Source::option;
    const auto plan = planned(wanted, unified());
    BOOST_CHECK(plan.kind == Kind::own);
    BOOST_TEST(plan.note == "this machine was not booted with systemd: --slice is without effect");
}

BOOST_AUTO_TEST_SUITE_END()
