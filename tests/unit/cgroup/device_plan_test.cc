// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/device_plan.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using Kind = cgroup::CgroupPlan::Kind;

namespace {

struct Case {
    settings::Settings wanted = {};
    host::HostFacts have = {};
    host::RootFacts root = {};
    cgroup::CgroupPlan group = {};
    bool contained = true;

    Case() {
        have.cgroup.device_programs = true;
        group.kind = Kind::own;
    }
    Case& property(const char* name, const char* value) {
        wanted.resources.properties.value.push_back({name, value});
        return *this;
    }
    [[nodiscard]] Result<cgroup::DevicePlan> tried() const {
        return cgroup::plan_devices(wanted, have, root, {contained, group});
    }
    [[nodiscard]] cgroup::DevicePlan plan() const {
        auto plan = tried();
        BOOST_REQUIRE_MESSAGE(plan.has_value(), (plan ? "" : plan.error().message()));
        return std::move(plan).value();
    }
    [[nodiscard]] std::string rules() const { return cgroup::describe(plan()); }
};

Case privileged() {
    Case all;
    all.contained = false;
    return all;
}

const std::string kPlain =
        "char 1:3 rwm, char 1:5 rwm, char 1:7 rwm, char 1:8 rwm, char 1:9 rwm, char 5:0 rwm, "
        "char 5:2 rwm, char 0:0 rwm, block 0:0 rwm";
const std::string kRest = "; others are denied and counted";

}  // namespace

BOOST_AUTO_TEST_SUITE(device_plan)

BOOST_AUTO_TEST_CASE(a_box_that_can_open_nothing_is_left_alone) {
    BOOST_TEST(!Case().plan().restricted);
    Case bare;
    bare.have.cgroup.device_programs = false;
    bare.group.kind = Kind::none;
    BOOST_TEST(!bare.plan().restricted);
    BOOST_TEST(bare.plan().note == "");
    BOOST_TEST(!Case().property("MemoryMax", "1G").plan().restricted);
}

BOOST_AUTO_TEST_CASE(a_privileged_box_is_restricted_to_what_holds_nothing_of_the_hosts) {
    BOOST_TEST(privileged().plan().restricted);
    BOOST_TEST(privileged().rules() == kPlain + ", char 136:* rw" + kRest);
    Case more = privileged();
    more.have.device_fuse = true;
    more.have.device_tun = true;
    BOOST_TEST(more.rules() ==
               kPlain + ", char 10:229 rwm, char 10:200 rwm, char 136:* rw" + kRest);
}

BOOST_AUTO_TEST_CASE(so_is_a_box_with_a_device_and_it_can_open_that) {
    Case bound;
    bound.root.bound_devices = {{"/dev/vda", true, {true, 254, 0}},
                                {"/dev/ttyS0", false, {false, 4, 64}}};
    BOOST_TEST(bound.rules() == kPlain + ", char 136:* rw, block 254:0 r, char 4:64 rw" + kRest);
}

BOOST_AUTO_TEST_CASE(properties_add_and_take_back) {
    Case ruled;
    ruled.root.ruled_devices = {{"/dev/kvm", {{false, 10, 232}}},
                                {"char-drm", {{false, 226, std::nullopt}}},
                                {"/dev/none", {}}};
    ruled.property("DeviceAllow", "/dev/kvm rw").property("DeviceAllow", "char-drm");
    BOOST_TEST(ruled.rules() == kPlain + ", char 136:* rw, char 10:232 rw, char 226:* rwm" + kRest);
    Case twice = ruled;
    twice.property("DeviceAllow", "/dev/kvm m").property("DeviceAllow", "/dev/none r");
    BOOST_TEST(twice.rules() ==
               kPlain + ", char 136:* rw, char 10:232 rwm, char 226:* rwm" + kRest);
    BOOST_TEST(twice.plan().note == "DeviceAllow=: not on this host: /dev/none");
    ruled.property("DeviceAllow", "").property("DeviceAllow", "/dev/kvm r");
    BOOST_TEST(ruled.rules() == kPlain + ", char 10:232 r" + kRest);
}

BOOST_AUTO_TEST_CASE(strict_leaves_what_is_named_and_lets_us_make_the_nodes) {
    Case strict = privileged();
    strict.have.device_fuse = true;
    strict.property("DevicePolicy", "strict").property("DeviceAllow", "");
    BOOST_TEST(strict.rules() ==
               "char 1:3 m, char 1:5 m, char 1:7 m, char 1:8 m, char 1:9 m, char 5:0 m, "
               "char 5:2 m, char 0:0 m, block 0:0 m, char 10:229 m" +
                       kRest);
    BOOST_TEST(privileged().property("DevicePolicy", "auto").rules() == privileged().rules());
}

BOOST_AUTO_TEST_CASE(a_kept_unit_has_a_say) {
    Case kept = privileged();
    kept.have.cgroup.systemd = true;
    kept.have.services.manager = true;
    kept.group.kind = Kind::unit;
    kept.group.machine_dir = "/sys/fs/cgroup/system.slice/web.service";
    BOOST_TEST(kept.plan().unit == "web.service");
    BOOST_TEST(kept.rules() ==
               kPlain + ", char 136:* rw, what DeviceAllow= of web.service names" + kRest);
    kept.have.services.manager = false;
    BOOST_TEST(kept.plan().unit == "");
}

BOOST_AUTO_TEST_CASE(without_programs_it_is_said_what_that_means) {
    Case bare = privileged();
    bare.have.cgroup.device_programs = false;
    BOOST_TEST(!bare.plan().restricted);
    BOOST_TEST(
            bare.plan().note ==
            "no BPF device programs here: what the box does with device nodes is not restricted");
    bare.property("DeviceAllow", "/dev/kvm rw");
    BOOST_REQUIRE(!bare.tried());
    BOOST_TEST(bare.tried().error().message() ==
               "--property=DeviceAllow=/dev/kvm rw: no BPF device programs here; devices cannot be "
               "restricted: leave the property out");
    bare.group.kind = Kind::scope;  // systemd sees to it
    BOOST_TEST(bare.plan().note == "no BPF device programs here: denied devices are not counted");
    Case alone = privileged();
    alone.group.kind = Kind::none;
    BOOST_TEST(alone.plan().note ==
               "no cgroup for the box: what the box does with device nodes is not restricted");
}

BOOST_AUTO_TEST_CASE(values_that_are_none_are_refused) {
    for (const char* value : {"/etc/passwd rw", "kvm", "/dev/kvm x"})
        BOOST_TEST(!Case().property("DeviceAllow", value).tried(), value);
    BOOST_TEST(!Case().property("DevicePolicy", "open").tried());
}

BOOST_AUTO_TEST_SUITE_END()
