// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/tap.h"

#include <memory>
#include <string>

#include <boost/test/unit_test.hpp>

using boxctl::console::Tap;

namespace {

void give(Tap& tap, const std::string& text) {
    tap.give(text);
}

Tap::Listener append_to(std::string& text) {
    return [&text](std::span<const char> data) { text.append(data.begin(), data.end()); };
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_listener_gets_everything) {
    Tap tap;
    std::string first;
    std::string second;
    give(tap, "nobody ");
    const auto one = tap.listen(append_to(first));
    give(tap, "a");
    const auto two = tap.listen(append_to(second));
    give(tap, "b");
    BOOST_TEST(first == "ab");
    BOOST_TEST(second == "b");
}

BOOST_AUTO_TEST_CASE(gone_listener_hears_no_more) {
    Tap tap;
    std::string text;
    {
        const auto hold = tap.listen(append_to(text));
        give(tap, "a");
    }
    give(tap, "b");
    BOOST_TEST(text == "a");
}

BOOST_AUTO_TEST_CASE(hold_moves) {
    Tap tap;
    std::string text;
    std::string other;
    auto hold = tap.listen(append_to(text));
    auto moved = std::move(hold);
    give(tap, "a");
    moved = tap.listen(append_to(other));  // the first one goes
    give(tap, "b");
    BOOST_TEST(text == "a");
    BOOST_TEST(other == "b");
}

BOOST_AUTO_TEST_CASE(listener_may_leave_while_called) {
    Tap tap;
    Tap::Hold hold;
    unsigned calls = 0;
    std::string after;
    // Captured data is still used behind the reset: it must not be freed by it.
    hold = tap.listen([&, own = std::make_shared<std::string>("alive")](std::span<const char>) {
        hold.reset();
        calls++;
        BOOST_TEST(*own == "alive");
    });
    const auto next = tap.listen(append_to(after));
    give(tap, "a");
    give(tap, "b");
    BOOST_TEST(calls == 1U);
    BOOST_TEST(after == "ab");
}

BOOST_AUTO_TEST_CASE(listener_may_add_and_remove_others) {
    Tap tap;
    std::string added;
    std::string removed;
    Tap::Hold added_hold;
    Tap::Hold removed_hold;
    const auto acting = tap.listen([&](std::span<const char>) {
        removed_hold.reset();
        if (added_hold.active()) return;
        for (int i = 0; i < 100; i++)
            added_hold = tap.listen(append_to(added));
    });
    removed_hold = tap.listen(append_to(removed));
    give(tap, "a");
    give(tap, "b");
    BOOST_TEST(added == "b");
    BOOST_TEST(removed == "");
}
