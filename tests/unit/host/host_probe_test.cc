// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/host/probe.h"

using namespace boxctl::host;

namespace {

struct AsRoot {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        if (geteuid() == 0) return true;
        BOOST_TEST_MESSAGE("skipped: needs root");
        return false;
    }
};

// on_shared_mount() as a child with mounts of its own sees it: 0 private, 1 shared, else failed.
int shared_in_child(unsigned long propagation) {
    const pid_t pid = fork();
    if (pid == 0) {
        const bool ready = unshare(CLONE_NEWNS) == 0 &&
                           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           mount("t", "/run", "tmpfs", 0, nullptr) == 0 &&
                           mount(nullptr, "/run", nullptr, propagation, nullptr) == 0;
        _exit(ready ? (on_shared_mount("/run/boxctl/none") ? 1 : 0) : 9);
    }
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

}  // namespace

BOOST_AUTO_TEST_CASE(this_machine_has_plausible_facts) {
    const HostFacts facts = probe_host();
    BOOST_CHECK_EQUAL(facts.uid, geteuid());
    BOOST_CHECK_GE(facts.nr_open, 1024U);
    BOOST_CHECK((facts.cgroup.layout == CgroupLayout::none) == facts.cgroup.mount.empty());
    BOOST_CHECK(facts.cgroup.layout == CgroupLayout::none || facts.cgroup.own.starts_with('/'));
    BOOST_CHECK_EQUAL(facts.input_tty, isatty(0) == 1);
}

BOOST_AUTO_TEST_CASE(propagation_of_the_nearest_ancestor_is_told,
                     *boost::unit_test::precondition(AsRoot())) {
    BOOST_CHECK_EQUAL(shared_in_child(MS_SHARED), 1);
    BOOST_CHECK_EQUAL(shared_in_child(MS_PRIVATE), 0);
}
