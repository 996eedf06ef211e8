// SPDX-License-Identifier: LGPL-2.1-or-later
// What a forwarder had not delivered goes on with the next one.
#include "lib/console/forwarder.h"
#include "tests/unit/console/support.h"

using namespace boxctl::console;
using namespace console_test;

BOOST_AUTO_TEST_CASE(nobody_s_output_is_kept_by_the_next) {
    const Bed bed;
    const auto first = need(Forwarder::create(*bed.loop, {.master = bed.box.near}));
    put(bed.box.far, "from the box");
    bed.run_for(boxctl::event::kSecond / 5);
    Unsent unsent = first->unsent();
    BOOST_TEST(unsent.history == "from the box");
    BOOST_TEST(!unsent.input_ended);
    const Bed other;
    const auto second = need(Forwarder::create(
            *other.loop, {.master = other.box.near, .unsent = std::move(unsent)}));
    BOOST_TEST(second->unsent().history == "from the box");
}

BOOST_AUTO_TEST_CASE(both_ways_are_delivered_by_the_next) {
    const Bed bed;
    const Pair keyboard = make_pipe();
    const Pair screen = make_pipe();
    const Unsent unsent = {
            .to_output = "shown", .to_box = "typed", .history = "", .input_ended = {}};
    const auto forwarder = need(Forwarder::create(*bed.loop, {.mode = Mode::interactive,
                                                              .master = bed.box.near,
                                                              .input = keyboard.near,
                                                              .output = screen.far,
                                                              .unsent = unsent}));
    bed.run_for(boxctl::event::kSecond / 5);
    BOOST_TEST(read_now(screen.near) == "shown");
    BOOST_TEST(read_now(bed.box.far) == "typed");
    BOOST_TEST(forwarder->unsent().to_output.empty());
    BOOST_TEST(forwarder->unsent().to_box.empty());
}

BOOST_AUTO_TEST_CASE(an_end_of_input_is_passed_on_once) {
    const Bed bed;
    Pair keyboard = make_pipe();
    const Pair screen = make_pipe();
    const auto make = [&](Unsent unsent) {
        return need(Forwarder::create(*bed.loop, {.mode = Mode::interactive,
                                                  .master = bed.box.near,
                                                  .input = keyboard.near,
                                                  .output = screen.far,
                                                  .unsent = std::move(unsent)}));
    };
    keyboard.far.reset();
    auto forwarder = make({});
    bed.run_for(boxctl::event::kSecond / 5);
    BOOST_TEST(read_now(bed.box.far) == "\4");
    Unsent unsent = forwarder->unsent();
    BOOST_TEST(unsent.input_ended);
    forwarder.reset();
    forwarder = make(std::move(unsent));
    bed.run_for(boxctl::event::kSecond / 5);
    BOOST_TEST(read_now(bed.box.far) == "");
    // The control: a forwarder that does not know passes it on again.
    forwarder.reset();
    forwarder = make({});
    bed.run_for(boxctl::event::kSecond / 5);
    BOOST_TEST(read_now(bed.box.far) == "\4");
}
