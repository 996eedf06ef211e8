// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/failure.h"

#include <boost/test/unit_test.hpp>

using boxctl::state::Failure;
using boxctl::state::failure_from_json;

BOOST_AUTO_TEST_CASE(a_failure_survives_the_file) {
    Failure failure;
    failure.name = "web";
    failure.time = 1234567890;
    failure.phase = "building the box";
    failure.step = "mount 3 of 4";
    failure.act = "open '/x'";
    failure.code = 2;
    failure.settings = {"--bind=/x (web.nspawn:7)", "b"};
    failure.hint = "make it";
    failure.message = "all of it";
    const auto read = failure_from_json(to_json(failure));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(to_json(*read) == to_json(failure));
    BOOST_TEST(read->settings.size() == 2U);
    BOOST_TEST(read->code == 2);
}

BOOST_AUTO_TEST_CASE(a_failure_is_bounded) {
    Failure failure;
    failure.message = failure.step = failure.act = std::string(1U << 20U, 'x');
    failure.settings.assign(1000, std::string(1U << 16U, 'y'));
    BOOST_TEST(to_json(failure).size() < (64U << 10U));
}

BOOST_AUTO_TEST_CASE(a_malformed_failure_is_refused) {
    for (const char* text : {"", "{}", "[]", R"({"name":"x","time":-1})"})
        BOOST_TEST(!failure_from_json(text).has_value(), text);
    Failure failure;
    failure.code = 5000;
    BOOST_TEST(!failure_from_json(to_json(failure)).has_value());
}
