// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "lib/supervise/machine.h"

using namespace boxctl;
using namespace boxctl::supervise;

BOOST_AUTO_TEST_CASE(every_event_in_every_phase) {
    const struct {
        Phase phase;
        Event event;
        Phase next;
        Action action;
    } cells[] = {
            {Phase::running, Event::stop_asked, Phase::stopping, Action::power_off},
            {Phase::running, Event::reboot_asked, Phase::rebooting, Action::reboot},
            {Phase::running, Event::kill_asked, Phase::killing, Action::kill},
            {Phase::running, Event::deadline, Phase::running, Action::none},
            // Asking twice means: now.
            {Phase::stopping, Event::stop_asked, Phase::killing, Action::kill},
            {Phase::stopping, Event::reboot_asked, Phase::stopping, Action::none},
            {Phase::stopping, Event::kill_asked, Phase::killing, Action::kill},
            {Phase::stopping, Event::deadline, Phase::killing, Action::kill},
            {Phase::rebooting, Event::stop_asked, Phase::stopping, Action::power_off},
            {Phase::rebooting, Event::reboot_asked, Phase::rebooting, Action::none},
            {Phase::rebooting, Event::kill_asked, Phase::killing, Action::kill},
            {Phase::rebooting, Event::deadline, Phase::killing, Action::kill},
            {Phase::killing, Event::stop_asked, Phase::killing, Action::none},
            {Phase::killing, Event::reboot_asked, Phase::killing, Action::none},
            {Phase::killing, Event::kill_asked, Phase::killing, Action::none},
            {Phase::killing, Event::deadline, Phase::killing, Action::none},
    };
    BOOST_CHECK_EQUAL(std::size(cells), 16U);
    for (const auto& [phase, event, next, action] : cells) {
        const Transition got = transition(phase, event);
        const auto cell = "phase " + std::to_string(static_cast<int>(phase)) + ", event " +
                          std::to_string(static_cast<int>(event));
        BOOST_CHECK_MESSAGE(got.next == next, cell);
        BOOST_CHECK_MESSAGE(got.action == action, cell);
    }
}

BOOST_AUTO_TEST_CASE(two_stops_or_one_kill_end_every_box) {
    for (const Phase phase : {Phase::running, Phase::stopping, Phase::rebooting, Phase::killing}) {
        const Phase once = transition(phase, Event::stop_asked).next;
        BOOST_CHECK(transition(once, Event::stop_asked).next == Phase::killing);
        BOOST_CHECK(transition(phase, Event::kill_asked).next == Phase::killing);
    }
}

BOOST_AUTO_TEST_CASE(outcomes_follow_from_the_wait_status) {
    using Kind = Outcome::Kind;
    const struct {
        os::ExitStatus status;
        bool booted;
        Phase phase;
        Kind kind;
        int code;
    } cases[] = {
            {{0, 0}, false, Phase::running, Kind::exited, 0},
            {{42, 0}, false, Phase::running, Kind::exited, 42},
            {{1, 0}, true, Phase::stopping, Kind::exited, 1},
            {{3, 0}, true, Phase::killing, Kind::exited, 3},
            // reboot(2) in a PID namespace
            {{0, SIGINT}, true, Phase::running, Kind::power_off, 0},
            {{0, SIGINT}, true, Phase::stopping, Kind::power_off, 0},
            {{0, SIGINT}, false, Phase::running, Kind::power_off, 0},
            {{0, SIGHUP}, true, Phase::running, Kind::reboot, 0},
            {{0, SIGHUP}, true, Phase::rebooting, Kind::reboot, 0},
            {{0, SIGHUP}, false, Phase::running, Kind::power_off, 0},
            // by us
            {{0, SIGKILL}, true, Phase::killing, Kind::killed, 137},
            {{0, SIGINT}, true, Phase::killing, Kind::killed, 130},
            // by somebody on the host, or its own fault
            {{0, SIGKILL}, true, Phase::running, Kind::exited, 137},
            {{0, SIGSEGV}, false, Phase::running, Kind::exited, 139},
            {{0, SIGTERM}, false, Phase::stopping, Kind::exited, 143},
    };
    for (const auto& [status, booted, phase, kind, code] : cases) {
        const Outcome outcome = outcome_of(status, booted, phase);
        BOOST_CHECK_MESSAGE(outcome.kind == kind,
                            "code " << status.code << " signal " << status.signal);
        BOOST_CHECK_EQUAL(outcome.code, code);
    }
}
