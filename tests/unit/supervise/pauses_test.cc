// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/pauses.h"

#include <vector>

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using boxctl::supervise::Pauses;

namespace {

constexpr uint64_t kNow = 1000 * event::kSecond;

/// The next `count` pauses in seconds, each waited out.
std::vector<uint64_t> seconds(Pauses& pauses, uint64_t now, size_t count) {
    std::vector<uint64_t> all;
    while (all.size() < count) {
        const uint64_t pause = pauses.take(now);
        now += pause;
        all.push_back(pause / event::kSecond);
    }
    return all;
}

using Seconds = std::vector<uint64_t>;

}  // namespace

BOOST_AUTO_TEST_CASE(who_was_never_there_is_asked_less_and_less) {
    Pauses pauses;
    BOOST_CHECK(seconds(pauses, kNow, 8) == (Seconds{1, 2, 4, 8, 16, 32, 60, 60}));
}

BOOST_AUTO_TEST_CASE(who_was_there_is_asked_every_few_seconds) {
    Pauses pauses;
    pauses.alive(kNow);
    BOOST_CHECK(seconds(pauses, kNow, 6) == (Seconds{1, 2, 4, 4, 4, 4}));
}

BOOST_AUTO_TEST_CASE(but_not_for_ever) {
    Pauses pauses;
    pauses.alive(kNow);
    (void)seconds(pauses, kNow, 6);
    BOOST_CHECK(seconds(pauses, kNow + Pauses::kSoon, 4) == (Seconds{8, 16, 32, 60}));
}

BOOST_AUTO_TEST_CASE(a_sign_of_life_shortens_a_pause_that_has_grown) {
    Pauses pauses;
    (void)seconds(pauses, kNow, 8);
    pauses.alive(kNow);
    BOOST_CHECK(seconds(pauses, kNow, 2) == (Seconds{4, 4}));
}

BOOST_AUTO_TEST_CASE(a_success_begins_anew) {
    Pauses pauses;
    (void)seconds(pauses, kNow, 8);
    pauses.succeeded(kNow);
    BOOST_CHECK(seconds(pauses, kNow, 3) == (Seconds{1, 2, 4}));
}
