// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/escape.h"

#include <boost/test/unit_test.hpp>

using boxctl::console::Escape;
using boxctl::console::EscapeFilter;
using State = EscapeFilter::State;
using Input = EscapeFilter::Input;

BOOST_AUTO_TEST_CASE(every_cell_of_the_escape_table) {
    const struct {
        State state;
        Input input;
        State next;
        unsigned replay;
        bool pass;
        std::optional<Escape> escape;
    } cells[] = {
            {State::idle, Input::prefix, State::one, 0, false, {}},
            {State::idle, Input::p, State::idle, 0, true, {}},
            {State::idle, Input::r, State::idle, 0, true, {}},
            {State::idle, Input::other, State::idle, 0, true, {}},
            {State::idle, Input::timeout, State::idle, 0, false, {}},
            {State::one, Input::prefix, State::two, 0, false, {}},
            {State::one, Input::p, State::idle, 1, true, {}},
            {State::one, Input::r, State::idle, 1, true, {}},
            {State::one, Input::other, State::idle, 1, true, {}},
            {State::one, Input::timeout, State::idle, 1, false, {}},
            {State::two, Input::prefix, State::idle, 0, false, Escape::kill},
            {State::two, Input::p, State::idle, 0, false, Escape::poweroff},
            {State::two, Input::r, State::idle, 0, false, Escape::reboot},
            {State::two, Input::other, State::idle, 2, true, {}},
            {State::two, Input::timeout, State::idle, 2, false, {}},
    };
    for (const auto& cell : cells) {
        BOOST_TEST_CONTEXT("state " << static_cast<int>(cell.state) << ", input "
                                    << static_cast<int>(cell.input)) {
            const EscapeFilter::Step& step = EscapeFilter::step(cell.state, cell.input);
            BOOST_TEST((step.next == cell.next));
            BOOST_TEST(step.replay == cell.replay);
            BOOST_TEST(step.pass == cell.pass);
            BOOST_TEST((step.escape == cell.escape));
        }
    }
}

// Whatever is typed, each byte is passed on, held, or part of an escape: none is lost or doubled.
BOOST_AUTO_TEST_CASE(all_short_inputs_are_accounted_for) {
    const char keys[] = {boxctl::console::kEscapeKey, 'p', 'r', 'x'};
    for (unsigned code = 0; code < 4096; code++) {
        EscapeFilter filter;
        unsigned out = 0;
        unsigned escaped = 0;
        for (unsigned i = 0; i < 6; i++) {
            const auto& step = filter.feed(keys[code >> (2 * i) & 3U]);
            out += step.replay + (step.pass ? 1 : 0);
            if (step.escape) escaped += 3;
        }
        out += filter.expire().replay;
        BOOST_TEST_REQUIRE(out + escaped == 6U);
        BOOST_TEST_REQUIRE(!filter.holding());
    }
}
