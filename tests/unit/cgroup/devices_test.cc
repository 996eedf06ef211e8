// SPDX-License-Identifier: LGPL-2.1-or-later
// Real programs in real cgroups, all of them below a directory boxctl-devices-PID that goes with
// each test. Nodes are made in a directory of their own.
#include "lib/cgroup/devices.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/host/probe.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

using namespace boxctl;

namespace {

boost::test_tools::assertion_result can_load_programs(boost::unit_test::test_unit_id) {
    const host::CgroupFacts have = host::probe_cgroup();
    return geteuid() == 0 && have.writable && have.device_programs;
}

template <class T>
std::string failure(const Result<T>& result) {
    return result ? "" : result.error().message();
}

cgroup::DevicePlan plain() {
    cgroup::DevicePlan plan;
    plan.restricted = true;
    plan.rules = {{{false, 1, 3}, "rwm"}, {{false, 1, 5}, "r"}};
    return plan;
}

struct Place {
    Place() {
        BOOST_REQUIRE(mkdir(base.c_str(), 0755) == 0);
        cgroup::CgroupPlan plan;
        plan.kind = cgroup::CgroupPlan::Kind::own;
        plan.machine_dir = base + "/boxctl/web";
        auto result = cgroup::make(plan);
        BOOST_REQUIRE_EQUAL(failure(result), "");
        made = std::move(result).value();
        BOOST_REQUIRE(mkdtemp(nodes) != nullptr);
        node("null", S_IFCHR, 1, 3);
        node("zero", S_IFCHR, 1, 5);
        node("full", S_IFCHR, 1, 7);
        node("random", S_IFCHR, 1, 8);
    }
    ~Place() {
        BOOST_CHECK_EQUAL(failure(cgroup::remove(base)), "");
        for (const std::string& path : made_nodes)
            unlink(path.c_str());
        rmdir(nodes);
    }
    void node(const std::string& name, mode_t type, unsigned major_number, unsigned minor_number) {
        made_nodes.push_back(path(name));
        BOOST_REQUIRE(mknod(path(name).c_str(), type | 0600,
                            gnu_dev_makedev(major_number, minor_number)) == 0);
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return std::string(nodes) + "/" + name;
    }

    /// The errno of what a process in the cgroup does, by the name of `command`.
    template <class Act>
    int in(os::BorrowedFd dir, const char* command, Act act) const {
        auto cloned = os::clone_process({.flags = 0, .cgroup = dir});
        BOOST_REQUIRE_EQUAL(failure(cloned), "");
        if (cloned->pid == 0) {
            prctl(PR_SET_NAME, command);
            _exit(act() < 0 ? errno : 0);
        }
        return os::wait_for(cloned->pidfd)->shell_code();
    }
    int open_in(os::BorrowedFd dir, const std::string& name, int flags,
                const char* command = "opener") const {
        return in(dir, command, [&] { return open(path(name).c_str(), flags | O_CLOEXEC); });
    }
    [[nodiscard]] std::vector<cgroup::Refusal> refusals() const {
        auto all = cgroup::read_refusals(made.machine);
        BOOST_REQUIRE_EQUAL(failure(all), "");
        return std::move(all).value();
    }

    std::string base = host::probe_cgroup().mount + "/boxctl-devices-" + std::to_string(getpid());
    cgroup::Cgroup made;
    char nodes[32] = "/tmp/boxctl-devices-XXXXXX";
    std::vector<std::string> made_nodes;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cgroup_devices, *boost::unit_test::precondition(can_load_programs))

BOOST_FIXTURE_TEST_CASE(what_is_not_allowed_is_denied_and_counted, Place) {
    BOOST_TEST(open_in(made.payload, "full", O_RDWR) == 0);  // control
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, plain())), "");
    BOOST_TEST(open_in(made.payload, "null", O_RDWR) == 0);
    BOOST_TEST(open_in(made.payload, "zero", O_RDONLY) == 0);
    BOOST_TEST(refusals().empty());
    for (int i = 0; i < 3; i++)
        BOOST_TEST(open_in(made.payload, "full", O_RDONLY, "dd") == EPERM);
    BOOST_TEST(open_in(made.payload, "zero", O_RDWR, "a\x1b[2J name of its own") == EPERM);
    BOOST_TEST(in(made.payload, "mknod", [&] {
                   return mknod(path("mem").c_str(), S_IFBLK | 0600, gnu_dev_makedev(259, 70000));
               }) == EPERM);
    const auto all = refusals();
    BOOST_REQUIRE(all.size() == 3U);
    BOOST_TEST((all[0] == cgroup::Refusal{{false, 1, 7}, "r", "dd", 3}));
    const std::vector<cgroup::Refusal> once = {{{false, 1, 5}, "rw", "a\x1b[2J name of i", 1},
                                               {{true, 259, 70000}, "m", "mknod", 1}};
    for (const cgroup::Refusal& one : once)
        BOOST_TEST((std::ranges::find(all, one) != all.end()), printable(one.command));
}

BOOST_FIXTURE_TEST_CASE(it_holds_for_cgroups_that_the_box_makes, Place) {
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, plain())), "");
    BOOST_REQUIRE(mkdirat(made.payload.get(), "inner", 0755) == 0);
    const auto inner = os::open_in(made.payload, "inner", O_RDONLY | O_DIRECTORY);
    BOOST_TEST(open_in(*inner, "full", O_RDONLY) == EPERM);
    BOOST_TEST(refusals().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_enters_later_is_bound_by_it_too, Place) {
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, plain())), "");
    const auto leaf = cgroup::make_leaf(made.machine, "shell");
    BOOST_REQUIRE_EQUAL(failure(leaf), "");
    BOOST_TEST(open_in(leaf->dir, "full", O_RDONLY) == 0);  // control
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_leaf(made.machine, leaf->dir)), "");
    BOOST_TEST(open_in(leaf->dir, "null", O_RDONLY) == 0);
    BOOST_TEST(open_in(leaf->dir, "full", O_RDONLY, "late") == EPERM);
    BOOST_REQUIRE(refusals().size() == 1U);
    BOOST_TEST(refusals().front().command == "late");
}

BOOST_FIXTURE_TEST_CASE(a_running_box_can_be_given_more, Place) {
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, plain())), "");
    BOOST_TEST(open_in(made.payload, "full", O_RDWR) == EPERM);
    const auto allow = [&](const char* name, const char* value) {
        return failure(cgroup::allow_devices(made.machine, {{name, value}}));
    };
    BOOST_TEST(allow("DeviceAllow", "/dev/full r") == "");
    BOOST_TEST(open_in(made.payload, "full", O_RDWR) == EPERM);
    BOOST_TEST(open_in(made.payload, "full", O_RDONLY) == 0);
    BOOST_TEST(allow("DeviceAllow", "/dev/full w") == "");
    BOOST_TEST(open_in(made.payload, "full", O_RDWR) == 0);  // both
    BOOST_TEST(allow("DevicePolicy", "strict") == "");
    BOOST_TEST(open_in(made.payload, "null", O_RDWR) == 0);
    BOOST_TEST(allow("DeviceAllow", "/dev/no-such") == "DeviceAllow=/dev/no-such: no such device");
    BOOST_TEST(allow("DeviceAllow", "full") != "");
    BOOST_TEST(refusals().front().count == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_further_life_keeps_the_count_and_adds_what_is_new, Place) {
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, plain())), "");
    BOOST_TEST(open_in(made.payload, "full", O_RDONLY) == EPERM);
    auto next = plain();
    next.rules.push_back({{false, 1, 7}, "r"});
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, next)), "");
    BOOST_TEST(open_in(made.payload, "full", O_RDONLY) == 0);
    BOOST_TEST(open_in(made.payload, "null", O_RDONLY) == 0);
    BOOST_TEST(refusals().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(any_number_of_attempts_leaves_a_bounded_list, Place) {
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, plain())), "");
    const int done = in(made.payload, "many", [&] {
        for (unsigned i = 0; i < 3000; i++) {
            if (mknod(path("x").c_str(), S_IFBLK | 0600, gnu_dev_makedev(9, i)) == 0) return 0;
        }
        return -1;
    });
    BOOST_TEST(done == EPERM);
    BOOST_TEST(refusals().size() > 0U);
    BOOST_TEST(refusals().size() <= size_t{cgroup::kRefusedShape.max_entries});
}

BOOST_FIXTURE_TEST_CASE(a_box_that_is_not_restricted_has_no_program, Place) {
    BOOST_TEST(failure(cgroup::restrict_devices(made, {})) == "");
    BOOST_TEST(os::list_device_programs(made.payload)->empty());
    BOOST_TEST(open_in(made.payload, "full", O_RDWR) == 0);
    BOOST_TEST(failure(cgroup::read_refusals(made.machine))
                       .starts_with("find the box's device program"));
    const auto leaf = cgroup::make_leaf(made.machine, "shell");
    BOOST_TEST(failure(cgroup::restrict_leaf(made.machine, leaf->dir)) != "");
}

BOOST_FIXTURE_TEST_CASE(the_kernel_takes_the_program_without_a_name_too, Place) {
    const auto allowed = os::create_bpf_map("t_allowed", cgroup::kAllowedShape, BPF_F_RDONLY_PROG);
    const auto refused = os::create_bpf_map(cgroup::kRefusedMap, cgroup::kRefusedShape, 0);
    BOOST_REQUIRE_EQUAL(failure(allowed) + failure(refused), "");
    const auto program = os::load_device_program(
            cgroup::kDeviceProgram, cgroup::assemble_device_program(allowed->get(), refused->get(),
                                                                    cgroup::Naming::without));
    BOOST_REQUIRE_EQUAL(failure(program), "");
    BOOST_REQUIRE_EQUAL(failure(os::attach_device_program(made.payload, *program)), "");
    BOOST_TEST(open_in(made.payload, "random", O_RDONLY) == EPERM);
    BOOST_REQUIRE(refusals().size() == 1U);
    BOOST_TEST((refusals().front() == cgroup::Refusal{{false, 1, 8}, "r", "", 1}));
}

BOOST_FIXTURE_TEST_CASE(another_program_beside_it_has_a_say_as_well, Place) {
    auto wide = plain();
    wide.rules.push_back({{false, 1, 7}, "rwm"});
    // As systemd has one in the cgroup above.
    const auto allowed = os::create_bpf_map("t_allowed", cgroup::kAllowedShape, 0);
    const auto refused = os::create_bpf_map("t_refused", cgroup::kRefusedShape, 0);
    const auto above = os::load_device_program(
            "t_above", cgroup::assemble_device_program(allowed->get(), refused->get(),
                                                       cgroup::Naming::without));
    BOOST_REQUIRE_EQUAL(failure(os::attach_device_program(made.machine, *above)), "");
    BOOST_REQUIRE_EQUAL(failure(cgroup::restrict_devices(made, wide)), "");
    BOOST_TEST(open_in(made.payload, "full", O_RDONLY) == EPERM);  // above does not allow it
    BOOST_TEST(refusals().empty());
    BOOST_TEST(open_in(made.payload, "random", O_RDONLY) == EPERM);
    BOOST_TEST(refusals().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
