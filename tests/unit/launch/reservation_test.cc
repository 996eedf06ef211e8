// SPDX-License-Identifier: LGPL-2.1-or-later
// What a box holds on the host, in a mount namespace with a /run of its own.
#include "lib/launch/reservation.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/os/process.h"
#include "lib/state/record.h"

using namespace boxctl;
using launch::Reservation;

namespace {

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result answer(geteuid() == 0);
    answer.message() << "needs root";
    return answer;
}

plan::Plan plan_of(const std::string& name, bool shared = false) {
    plan::Plan plan;
    plan.name = name;
    plan.ids.seed = name;
    plan.mounts.root.path = "/srv/tree";
    plan.lock = {std::string(plan::kStateDirectory) + "/.locks/inode-1:2", shared};
    plan.propagation = std::string(plan::kStateDirectory) + "/" + name + "/propagate";
    plan.share_propagation = true;
    return plan;
}

bool exists(const std::string& path) {
    return access(path.c_str(), F_OK) == 0;
}

/// Mounts of "web" on the /run that is on top.
size_t mounts_at_web() {
    size_t count = 0;
    const auto text = os::read_file("/proc/self/mountinfo");
    if (!text) return SIZE_MAX;
    bool fresh = false;  // behind the line of our own /run
    for (const std::string& line : split(*text, '\n')) {
        fresh = fresh || line.find(" /run rw,relatime - tmpfs run ") != std::string::npos;
        if (fresh && line.find(" /run/boxctl/web/propagate ") != std::string::npos) count++;
    }
    return fresh ? count : SIZE_MAX;
}

/// Runs in a child that sees a fresh /run; the first check that does not hold is its status.
template <class Act>
void in_private_run(Act act) {
    auto child = os::clone_process({.flags = CLONE_NEWNS});
    BOOST_REQUIRE(child);
    if (child->pid == 0) {
        if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
            mount("run", "/run", "tmpfs", 0, "mode=0755") < 0) {
            _exit(200);
        }
        _exit(act());
    }
    const auto status = os::wait_for(child->pidfd);
    BOOST_REQUIRE(status);
    BOOST_CHECK_EQUAL(status->shell_code(), 0);
}

#define HOLDS(condition)                                           \
    if (!(condition)) {                                            \
        dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
        return 1;                                                  \
    }

}  // namespace

BOOST_AUTO_TEST_SUITE(reservation, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(everything_taken_is_given_back) {
    in_private_run([] {
        auto taken = Reservation::take(plan_of("web"));
        HOLDS(taken);
        HOLDS(os::is_locked(state::name_lock_path("web")));
        HOLDS(os::is_locked("/run/boxctl/.locks/inode-1:2"));
        HOLDS(exists("/run/boxctl/web/propagate"));
        HOLDS(taken->claim_ids(plan_of("web")));
        const uint32_t base = taken->ids().base;
        HOLDS(base >= 0x80000 && taken->ids().count == 65536);
        HOLDS(taken->claim_ids(plan_of("web")) && taken->ids().base == base);
        HOLDS(os::is_locked("/run/boxctl/.uid/" + std::to_string(base)));
        HOLDS(mounts_at_web() == 1);
        HOLDS(taken->release());
        HOLDS(taken->release());
        HOLDS(!exists("/run/boxctl/web") && !exists(state::name_lock_path("web")));
        HOLDS(!exists("/run/boxctl/.locks/inode-1:2"));
        HOLDS(!exists("/run/boxctl/.uid/" + std::to_string(base)));
        HOLDS(mounts_at_web() == 0);
        HOLDS(Reservation::take(plan_of("web")));
        return 0;
    });
}

BOOST_AUTO_TEST_CASE(the_destructor_gives_back_too) {
    in_private_run([] {
        {
            const auto taken = Reservation::take(plan_of("web"));
            HOLDS(taken && exists("/run/boxctl/web"));
        }
        HOLDS(!exists("/run/boxctl/web") && !os::is_locked(state::name_lock_path("web")));
        return 0;
    });
}

BOOST_AUTO_TEST_CASE(a_name_and_a_tree_are_taken_once) {
    in_private_run([] {
        const auto first = Reservation::take(plan_of("web"));
        HOLDS(first);
        const auto same_name = Reservation::take(plan_of("web"));
        HOLDS(!same_name);
        HOLDS(same_name.error().text() == "a machine named 'web' is running already");
        HOLDS(exists("/run/boxctl/web/propagate"));
        const auto same_tree = Reservation::take(plan_of("other"));
        HOLDS(!same_tree);
        HOLDS(same_tree.error().text() == "'/srv/tree' is in use by another box");
        HOLDS(!exists("/run/boxctl/other") && !os::is_locked(state::name_lock_path("other")));
        HOLDS(!Reservation::take(plan_of("reader", true)));
        return 0;
    });
}

BOOST_AUTO_TEST_CASE(readers_share_a_tree_and_have_different_ids) {
    in_private_run([] {
        auto first = Reservation::take(plan_of("one", true));
        auto second = Reservation::take(plan_of("two", true));
        HOLDS(first && second);
        HOLDS(first->claim_ids(plan_of("same")) && second->claim_ids(plan_of("same")));
        HOLDS(first->ids().base != second->ids().base);
        HOLDS(!Reservation::take(plan_of("writer")));
        return 0;
    });
}

BOOST_AUTO_TEST_CASE(what_a_killed_boxctl_left_does_not_stand_in_the_way) {
    in_private_run([] {
        const auto child = os::clone_process({});
        HOLDS(child);
        if (child->pid == 0) {
            const auto taken = Reservation::take(plan_of("web"));
            _exit(taken ? 0 : 1);  // without giving anything back
        }
        const auto ended = os::wait_for(child->pidfd);
        HOLDS(ended && ended->shell_code() == 0);
        HOLDS(exists("/run/boxctl/web/propagate"));
        auto taken = Reservation::take(plan_of("web"));
        HOLDS(taken);
        HOLDS(mounts_at_web() == 1);
        HOLDS(taken->release());
        HOLDS(!exists("/run/boxctl/web"));
        return 0;
    });
}

/// Leaves the name of "web" held and signed as a killed boxctl does whose watch is still busy:
/// until `busy` is closed everywhere else.
bool leave_a_busy_watch(const int (&busy)[2]) {
    const auto child = os::clone_process({});
    if (!child) return false;
    if (child->pid == 0) {
        const auto taken = Reservation::take(plan_of("web"));
        const auto watch = os::clone_process({});
        if (watch && watch->pid == 0) {
            close(busy[1]);
            char byte = 0;
            _exit(static_cast<int>(read(busy[0], &byte, 1)));
        }
        _exit(taken && watch ? 0 : 1);
    }
    const auto ended = os::wait_for(child->pidfd);
    return ended && ended->shell_code() == 0;
}

BOOST_AUTO_TEST_CASE(of_two_starts_behind_a_killed_boxctl_one_is_refused_at_once) {
    in_private_run([] {
        int busy[2];
        int said[2];
        int end[2];
        HOLDS(pipe2(busy, O_CLOEXEC) == 0 && pipe2(said, O_CLOEXEC) == 0);
        HOLDS(pipe2(end, O_CLOEXEC) == 0);
        HOLDS(leave_a_busy_watch(busy));
        for (int i = 0; i < 2; i++) {
            const auto starter = os::clone_process({});
            HOLDS(starter);
            if (starter->pid != 0) continue;
            close(busy[1]);
            close(end[1]);
            const auto taken = Reservation::take(plan_of("web"));
            const char answer = taken ? 'y' : 'n';
            char byte = 0;
            _exit(write(said[1], &answer, 1) == 1 && read(end[0], &byte, 1) == 0 ? 0 : 1);
        }
        pollfd answered = {said[0], POLLIN, 0};
        HOLDS(poll(&answered, 1, 100) == 0);  // both wait for the watch
        close(busy[1]);
        char answers[2] = {};
        for (char& answer : answers) {
            HOLDS(poll(&answered, 1, 20000) == 1);
            HOLDS(read(said[0], &answer, 1) == 1);
        }
        HOLDS(answers[0] != answers[1]);
        return 0;
    });
}

BOOST_AUTO_TEST_CASE(a_failure_leaves_nothing_taken) {
    in_private_run([] {
        plan::Plan plan = plan_of("web");
        plan.ids.kind = userns::IdPlan::Kind::fixed;
        plan.ids.base = 0;  // the host's own ids
        {
            auto taken = Reservation::take(plan);
            HOLDS(taken && !taken->claim_ids(plan));
        }
        HOLDS(!exists("/run/boxctl/web") && !os::is_locked(state::name_lock_path("web")));
        HOLDS(!os::is_locked(plan.lock.path));
        return 0;
    });
}

BOOST_AUTO_TEST_SUITE_END()
