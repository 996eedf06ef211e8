// SPDX-License-Identifier: LGPL-2.1-or-later
// Real cgroups, all of them below a directory boxctl-test-PID that goes with each test.
#include "lib/cgroup/apply.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/cgroup/scope.h"
#include "lib/host/probe.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

using namespace boxctl;
using Kind = cgroup::CgroupPlan::Kind;

namespace {

/// Where version 2 is mounted, or empty.
std::string version_2() {
    for (const char* path : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
        struct statfs status = {};
        if (statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC) return path;
    }
    return "";
}

boost::test_tools::assertion_result can_make_cgroups(boost::unit_test::test_unit_id) {
    const std::string mount = version_2();
    return !mount.empty() && geteuid() == 0 && access(mount.c_str(), W_OK) == 0;
}

template <class T>
std::string failure(const Result<T>& result) {
    return result ? "" : result.error().message();
}

bool exists(const std::string& path) {
    return access(path.c_str(), F_OK) == 0;
}

std::string content(const std::string& path) {
    const auto text = os::read_file(path);
    BOOST_REQUIRE_EQUAL(failure(text), "");
    return std::string(trim(*text));
}

uid_t owner(const std::string& path) {
    struct stat status = {};
    BOOST_REQUIRE(lstat(path.c_str(), &status) == 0);
    return status.st_uid;
}

struct Place {
    Place() { BOOST_REQUIRE(mkdir(base.c_str(), 0755) == 0); }
    ~Place() { BOOST_CHECK_EQUAL(failure(cgroup::remove(base)), ""); }

    [[nodiscard]] cgroup::CgroupPlan plan(const std::string& name = "web") const {
        cgroup::CgroupPlan plan;
        plan.kind = Kind::own;
        plan.machine_dir = base + "/boxctl/" + name;
        return plan;
    }
    [[nodiscard]] cgroup::Cgroup make(const std::string& name = "web") const {
        auto made = cgroup::make(plan(name));
        BOOST_REQUIRE_EQUAL(failure(made), "");
        return std::move(made).value();
    }

    std::string base = version_2() + "/boxctl-test-" + std::to_string(getpid());
};

/// A process that waits in the cgroup for a signal; reaped at the end of the test.
struct Sleeper {
    explicit Sleeper(os::BorrowedFd dir) {
        auto cloned = os::clone_process({.flags = 0, .cgroup = dir});
        BOOST_REQUIRE_EQUAL(failure(cloned), "");
        if (cloned->pid == 0) {
            pause();
            _exit(0);
        }
        process = std::move(*cloned);
    }
    ~Sleeper() {
        if (ended) return;
        (void)os::send_signal(process.pidfd, SIGKILL);
        (void)os::wait_for(process.pidfd);
    }
    /// The signal that ended it.
    int end() {
        ended = true;
        return os::wait_for(process.pidfd)->signal;
    }
    bool lives() { return os::send_signal(process.pidfd, 0).has_value(); }

    os::Cloned process;
    bool ended = false;
};

/// Takes this process back to the cgroup it was in.
struct WayBack {
    WayBack() { BOOST_REQUIRE(!here.empty()); }
    ~WayBack() {
        const auto dir = os::open_host(version_2() + here, O_RDONLY | O_DIRECTORY);
        BOOST_CHECK_EQUAL(failure(cgroup::enter(*dir)), "");
    }
    std::string here = own();
    static std::string own() { return host::own_cgroup(*os::read_file("/proc/self/cgroup")); }
};

/// Runs `body` in a child and gives its exit code.
template <class Body>
int in_child(Body body) {
    auto cloned = os::clone_process({});
    BOOST_REQUIRE_EQUAL(failure(cloned), "");
    if (cloned->pid == 0) _exit(body());
    return os::wait_for(cloned->pidfd)->shell_code();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cgroup_apply, *boost::unit_test::precondition(can_make_cgroups))

BOOST_FIXTURE_TEST_CASE(a_box_is_made_bounded_and_removed_with_its_folder, Place) {
    const mode_t mask = umask(0077);
    const cgroup::Cgroup made = make();
    BOOST_TEST(failure(cgroup::delegate(made, 1234567)) == "");
    umask(mask);
    const std::string box = base + "/boxctl/web";
    BOOST_TEST(made.box_dir == box);
    BOOST_TEST(content(box + "/cgroup.max.descendants") == "5000");
    BOOST_TEST(content(box + "/cgroup.max.depth") == "32");
    struct stat status = {};
    BOOST_REQUIRE(stat((box + "/payload").c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 07777U) == 0755U);
    BOOST_TEST(failure(cgroup::remove(made.box_dir)) == "");
    BOOST_TEST(!exists(base + "/boxctl"));
    BOOST_TEST(failure(cgroup::remove(made.box_dir)) == "");
}

BOOST_FIXTURE_TEST_CASE(the_box_owns_its_payload_and_nothing_above, Place) {
    const cgroup::Cgroup made = make();
    BOOST_TEST(failure(cgroup::delegate(made, 1234567)) == "");
    for (const char* file : {"", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"}) {
        BOOST_TEST(owner(made.box_dir + "/payload" + file) == 1234567U);
        BOOST_TEST(owner(made.box_dir + file) == 0U);
    }
    for (const char* file : {"/cgroup.max.depth", "/cgroup.kill", "/cgroup.freeze"}) {
        BOOST_TEST(owner(made.box_dir + "/payload" + file) == 0U);
    }
}

BOOST_FIXTURE_TEST_CASE(removal_ends_what_still_runs, Place) {
    const cgroup::Cgroup made = make();
    Sleeper running(made.payload);
    const auto leaf = cgroup::make_leaf(made.machine, "shell");
    BOOST_REQUIRE_EQUAL(failure(leaf), "");
    Sleeper frozen(leaf->dir);
    BOOST_TEST(failure(cgroup::freeze(leaf->dir)) == "");
    BOOST_TEST(failure(cgroup::remove(made.box_dir)) == "");
    BOOST_TEST(running.end() == SIGKILL);
    BOOST_TEST(frozen.end() == SIGKILL);
    BOOST_TEST(!exists(base + "/boxctl"));
}

BOOST_FIXTURE_TEST_CASE(removal_takes_whatever_the_box_made, Place) {
    const cgroup::Cgroup made = make();
    std::string deep = made.box_dir + "/payload";
    while (mkdir((deep += "/x").c_str(), 0755) == 0)
        continue;
    const int refused = errno;
    BOOST_TEST(refused == EAGAIN);  // the bound on depth
    for (int i = 0; i < 300; i++) {
        const std::string wide = made.box_dir + "/payload/w" + std::to_string(i);
        BOOST_REQUIRE(mkdir(wide.c_str(), 0755) == 0);
        BOOST_REQUIRE(mkdir((wide + "/below").c_str(), 0755) == 0);
    }
    const auto below = os::open_host(os::split_path(deep).first, O_RDONLY | O_DIRECTORY);
    BOOST_REQUIRE_EQUAL(failure(below), "");
    Sleeper running(*below);
    BOOST_TEST(failure(cgroup::remove(made.box_dir)) == "");
    BOOST_TEST(running.end() == SIGKILL);
    BOOST_TEST(!exists(base + "/boxctl"));
}

BOOST_FIXTURE_TEST_CASE(removal_leaves_other_boxes_alone, Place) {
    const cgroup::Cgroup first = make("first");
    const cgroup::Cgroup second = make("second");
    Sleeper running(second.payload);
    BOOST_TEST(failure(cgroup::remove(first.box_dir)) == "");
    BOOST_TEST(!exists(first.box_dir));
    BOOST_TEST(exists(second.box_dir + "/payload"));
    BOOST_TEST(running.lives());
}

BOOST_FIXTURE_TEST_CASE(nobody_removes_the_cgroup_he_is_in, Place) {
    const cgroup::Cgroup made = make();
    const int code = in_child([&] {
        if (!cgroup::enter(made.payload)) return 1;
        const auto removed = cgroup::remove(made.box_dir);
        return !removed && removed.error().code() == EBUSY ? 42 : 2;
    });
    BOOST_TEST(code == 42);
    BOOST_TEST(exists(made.box_dir + "/payload"));
}

BOOST_FIXTURE_TEST_CASE(an_empty_left_over_is_replaced, Place) {
    BOOST_REQUIRE(mkdir((base + "/boxctl").c_str(), 0755) == 0);
    BOOST_REQUIRE(mkdir((base + "/boxctl/web").c_str(), 0755) == 0);
    BOOST_REQUIRE(mkdir((base + "/boxctl/web/stale").c_str(), 0755) == 0);
    const cgroup::Cgroup made = make();
    BOOST_TEST(!exists(made.box_dir + "/stale"));
    BOOST_TEST(exists(made.box_dir + "/payload"));
}

BOOST_FIXTURE_TEST_CASE(a_left_over_that_lives_is_not_touched, Place) {
    const cgroup::Cgroup made = make();
    Sleeper running(made.payload);
    const auto second = cgroup::make(plan());
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST(second.error().code() == EBUSY);
    BOOST_TEST(running.lives());
    BOOST_TEST(exists(made.box_dir + "/payload"));
}

BOOST_FIXTURE_TEST_CASE(a_controller_that_is_not_there_leaves_nothing_half_made, Place) {
    auto wanted = plan();
    wanted.controllers = {"memory"};
    wanted.writes = {{"memory.max", "1"}};
    const auto made = cgroup::make(wanted);
    BOOST_REQUIRE(!made.has_value());
    BOOST_TEST(made.error().message().starts_with("enable +memory: "));
    BOOST_TEST(!exists(base + "/boxctl"));
}

BOOST_FIXTURE_TEST_CASE(a_kept_unit_loses_only_the_payload, Place) {
    cgroup::CgroupPlan wanted;
    wanted.kind = Kind::unit;
    wanted.machine_dir = base;
    const WayBack back;
    const auto made = cgroup::make(wanted);
    BOOST_REQUIRE_EQUAL(failure(made), "");
    BOOST_TEST(WayBack::own().ends_with(base.substr(version_2().size()) + "/supervisor"));
    BOOST_TEST(content(base + "/payload/cgroup.max.depth") == "32");
    BOOST_TEST(content(base + "/cgroup.max.depth") == "max");
    const auto leaf = os::open_host(base + "/supervisor", O_RDONLY | O_DIRECTORY);
    BOOST_REQUIRE_EQUAL(failure(leaf), "");
    Sleeper supervisor(*leaf);
    BOOST_TEST(failure(cgroup::remove(made->box_dir)) == "");
    BOOST_TEST(!exists(base + "/payload"));
    BOOST_TEST(supervisor.lives());
    const auto again = cgroup::make(wanted);  // the unit is started again
    BOOST_TEST(failure(again) == "");
}

// What systemd would do is done by hand: a cgroup with the process in it.
BOOST_FIXTURE_TEST_CASE(a_scope_is_filled_and_cleared, Place) {
    const std::string scope = base + "/machine-web.scope";
    BOOST_REQUIRE(mkdir(scope.c_str(), 0755) == 0);
    const auto dir = os::open_host(scope, O_RDONLY | O_DIRECTORY);
    BOOST_REQUIRE(dir.has_value());
    Sleeper watch(*dir);
    const pid_t pid = watch.process.pid;
    const auto other = cgroup::fill_scope(version_2(), "machine-other.scope", pid);
    BOOST_REQUIRE(!other.has_value());
    BOOST_TEST(!exists(scope + "/payload"));
    const auto made = cgroup::fill_scope(version_2(), "machine-web.scope", pid);
    BOOST_REQUIRE_EQUAL(failure(made), "");
    BOOST_TEST(made->machine_dir == scope);
    BOOST_TEST(content(scope + "/supervisor/cgroup.procs") == std::to_string(pid));
    BOOST_TEST(content(scope + "/cgroup.procs") == "");
    BOOST_TEST(content(scope + "/cgroup.subtree_control") ==
               content(scope + "/cgroup.controllers"));
    BOOST_TEST(content(scope + "/payload/cgroup.max.depth") == "32");
    BOOST_TEST(content(scope + "/cgroup.max.depth") == "max");
    Sleeper box(made->payload);
    const auto leaf = cgroup::make_leaf(made->machine, "shell");
    BOOST_REQUIRE_EQUAL(failure(leaf), "");
    Sleeper session(leaf->dir);
    BOOST_TEST(failure(cgroup::end(*made)) == "");
    BOOST_TEST(box.end() == SIGKILL);
    BOOST_TEST(session.end() == SIGKILL);
    BOOST_TEST(watch.lives());
    BOOST_TEST(!exists(scope + "/payload"));
    BOOST_TEST(exists(scope + "/supervisor"));
    BOOST_TEST(failure(cgroup::clear_scope(scope, {})) == "");
    BOOST_TEST(watch.end() == SIGKILL);
    BOOST_TEST(!exists(scope + "/supervisor"));
    BOOST_TEST(exists(scope));  // systemd's to remove
    rmdir(scope.c_str());
    BOOST_TEST(failure(cgroup::clear_scope(scope, {})) == "");
}

BOOST_AUTO_TEST_CASE(no_cgroup_is_a_plan_too) {
    const auto made = cgroup::make({});
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(!made->machine.valid());
    BOOST_TEST(!made->payload.valid());
}

BOOST_FIXTURE_TEST_CASE(the_end_of_the_last_process_is_reported, Place) {
    const cgroup::Cgroup made = make();
    const auto events = cgroup::open_events(made.payload);
    BOOST_REQUIRE_EQUAL(failure(events), "");
    BOOST_TEST(!cgroup::populated(*events).value());
    Sleeper running(made.payload);
    BOOST_TEST(cgroup::populated(*events).value());
    const auto early = cgroup::wait_empty(*events, 20);
    BOOST_REQUIRE(!early.has_value());
    BOOST_TEST(early.error().code() == ETIME);
    pollfd waited = {events->get(), POLLPRI, 0};
    BOOST_TEST(poll(&waited, 1, 0) == 0);
    BOOST_TEST(failure(cgroup::kill_all(made.payload)) == "");
    BOOST_TEST(poll(&waited, 1, 5000) == 1);
    BOOST_TEST((waited.revents & POLLPRI) != 0);
    BOOST_TEST(failure(cgroup::wait_empty(*events, 5000)) == "");
    BOOST_TEST(running.end() == SIGKILL);
}

BOOST_FIXTURE_TEST_CASE(a_frozen_box_stands_still_until_thawed, Place) {
    const cgroup::Cgroup made = make();
    Sleeper running(made.payload);
    const auto events = cgroup::open_events(made.payload);
    const std::string file = made.box_dir + "/payload/cgroup.events";
    const auto wait_for = [&](const std::string& line) {
        pollfd waited = {events->get(), POLLPRI, 0};
        while (content(file).find(line) == std::string::npos) {
            (void)cgroup::populated(*events);
            if (content(file).find(line) != std::string::npos) return true;
            if (poll(&waited, 1, 5000) != 1) return false;
        }
        return true;
    };
    BOOST_TEST(failure(cgroup::freeze(made.payload)) == "");
    BOOST_TEST(wait_for("frozen 1"));
    BOOST_TEST(failure(cgroup::thaw(made.payload)) == "");
    BOOST_TEST(wait_for("frozen 0"));
    BOOST_TEST(running.lives());
}

BOOST_FIXTURE_TEST_CASE(leaves_are_of_their_own_and_go_when_empty, Place) {
    const cgroup::Cgroup made = make();
    const auto first = cgroup::make_leaf(made.machine, "shell");
    const auto second = cgroup::make_leaf(made.machine, "shell");
    BOOST_REQUIRE_EQUAL(failure(first), "");
    BOOST_REQUIRE_EQUAL(failure(second), "");
    BOOST_TEST(first->name.starts_with("shell-"));
    BOOST_TEST(first->name != second->name);
    Sleeper running(first->dir);
    BOOST_TEST(!cgroup::remove_leaf(made.machine, first->name).value());
    BOOST_TEST(cgroup::remove_leaf(made.machine, second->name).value());
    BOOST_TEST(cgroup::remove_leaf(made.machine, second->name).value());
    BOOST_TEST(failure(cgroup::remove(made.box_dir)) == "");
    BOOST_TEST(running.end() == SIGKILL);
}

BOOST_FIXTURE_TEST_CASE(boxes_that_come_and_go_at_once_do_not_disturb_each_other, Place) {
    std::vector<os::Cloned> children;
    for (int child = 0; child < 4; child++) {
        auto cloned = os::clone_process({});
        BOOST_REQUIRE_EQUAL(failure(cloned), "");
        if (cloned->pid != 0) {
            children.push_back(std::move(*cloned));
            continue;
        }
        for (int i = 0; i < 50; i++) {
            const auto made = cgroup::make(plan("box" + std::to_string(child)));
            if (!made || !cgroup::remove(made->box_dir)) _exit(1);
        }
        _exit(0);
    }
    for (const auto& child : children)
        BOOST_TEST(os::wait_for(child.pidfd)->shell_code() == 0);
    BOOST_TEST(!exists(base + "/boxctl"));
}

BOOST_AUTO_TEST_SUITE_END()
