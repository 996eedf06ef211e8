// SPDX-License-Identifier: LGPL-2.1-or-later
// One that cannot be killed needs a box: tests/system/attack-hang.sh.
#include "lib/os/dismiss.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/process.h"
#include "tests/unit/os/support.h"

using namespace boxctl;
using namespace os_test;

namespace {

os::Cloned start_child() {
    os::Cloned child = need(os::clone_process({}));
    if (child.pid == 0) {
        pause();
        _exit(0);
    }
    return child;
}

bool is_child(pid_t pid) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_child_that_is_dismissed_is_killed_and_reaped) {
    os::Cloned child = start_child();
    BOOST_TEST(is_child(child.pid));  // control
    os::dismiss(std::move(child.pidfd));
    while (os::reap_dismissed())
        usleep(1000);
    BOOST_TEST(!is_child(child.pid));
    BOOST_TEST(os::dismissed().empty());
}

BOOST_AUTO_TEST_CASE(so_is_one_that_has_stopped_or_ended) {
    for (const int signal : {SIGSTOP, SIGKILL}) {
        os::Cloned child = start_child();
        need(os::send_signal(child.pidfd, signal));
        os::dismiss(std::move(child.pidfd));
        while (os::reap_dismissed())
            usleep(1000);
        BOOST_TEST(!is_child(child.pid));
    }
}

BOOST_AUTO_TEST_CASE(one_that_is_adopted_is_reaped_when_it_ends) {
    os::Cloned child = start_child();
    const os::UniqueFd watched = need(os::duplicate(child.pidfd));
    os::adopt_dismissed(std::move(child.pidfd));
    BOOST_TEST(os::reap_dismissed());
    BOOST_TEST(os::dismissed().size() == 1U);
    BOOST_TEST(is_child(child.pid));
    need(os::send_signal(watched, SIGKILL));
    while (os::reap_dismissed())
        usleep(1000);
    BOOST_TEST(!is_child(child.pid));
}

BOOST_AUTO_TEST_CASE(nobody_is_dismissed_by_no_descriptor) {
    os::dismiss(os::UniqueFd());
    BOOST_TEST(!os::reap_dismissed());
}
