// SPDX-License-Identifier: LGPL-2.1-or-later
// Which end of a witness counts. tests/vm/kill.sh has the boxes, and a machined that kills one.
#include "lib/shell/witness.h"

#include <signal.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/process.h"

using namespace boxctl;

namespace {

constexpr int kEnded = 1, kTimeIsUp = 2;

/// In place of a real one, which needs CAP_SYS_RESOURCE: waits to be killed, or ends by itself.
os::UniqueFd make_child(bool ends) {
    auto child = os::clone_process({});
    BOOST_REQUIRE(child.has_value());
    if (child->pid == 0) {
        if (ends) _exit(1);
        for (;;)
            pause();
    }
    return std::move(child->pidfd);
}

struct Fixture {
    std::unique_ptr<event::Loop> loop = event::Loop::create().value();
    int killed = 0;

    std::unique_ptr<shell::Witness> adopt(os::UniqueFd child) {
        auto witness = shell::Witness::adopt(*loop, std::move(child), [this] { killed++; });
        BOOST_REQUIRE(witness.has_value());
        return std::move(*witness);
    }
    /// Serves the loop for as long as the witness has not ended.
    void run_until_ended(const shell::Witness& witness) {
        const auto hook = loop->add_hook([&] {
            if (witness.pidfd().get() < 0) loop->exit(kEnded);
        });
        const auto limit = loop->add_timer(event::now_us() + 10 * event::kSecond,
                                           [this] { loop->exit(kTimeIsUp); });
        BOOST_TEST(loop->run().value() == kEnded);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(witness, Fixture)

BOOST_AUTO_TEST_CASE(one_that_is_killed_tells_so_once) {
    const auto watching = adopt(make_child(false));
    BOOST_REQUIRE(os::send_signal(watching->pidfd(), SIGKILL).has_value());
    run_until_ended(*watching);
    BOOST_TEST(killed == 1);
}

BOOST_AUTO_TEST_CASE(one_that_gives_up_says_nothing) {
    const auto watching = adopt(make_child(true));
    run_until_ended(*watching);
    BOOST_TEST(killed == 0);
}

BOOST_AUTO_TEST_CASE(one_that_is_not_needed_any_more_goes_unheard) {
    os::UniqueFd child = make_child(false);
    const os::UniqueFd same = os::duplicate(child).value();
    adopt(std::move(child)).reset();
    BOOST_TEST(os::has_ended(same));
    BOOST_TEST(killed == 0);
}

BOOST_AUTO_TEST_CASE(a_real_one_leaves_nothing_behind) {
    auto started = shell::Witness::start(*loop, os::BorrowedFd(-1), [this] { killed++; });
    BOOST_REQUIRE(started.has_value());
    const os::UniqueFd same = os::duplicate((*started)->pidfd()).value();
    started->reset();
    BOOST_TEST(os::has_ended(same));
    BOOST_TEST(killed == 0);
}

BOOST_AUTO_TEST_SUITE_END()
