// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/json/json.h"

#include <boost/test/unit_test.hpp>

using boxctl::json::Layout;
using boxctl::json::Value;
namespace json = boxctl::json;

namespace {

std::string fault_of(std::string_view text, const json::Limits& limits = {}) {
    const auto parsed = json::parse(text, limits);
    return parsed ? "" : parsed.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(good_text_comes_back_as_it_was) {
    for (const char* text : {"null", "true", "[]", "{}", "[1,-2,3.5]", R"({"b":1,"a":{"c":["x"]}})",
                             "18446744073709551615", R"("\u00e9")"}) {
        const auto parsed = json::parse(text);
        BOOST_REQUIRE_MESSAGE(parsed, text);
        const std::string written = json::to_text(*parsed);
        BOOST_TEST(json::to_text(*json::parse(written)) == written);
    }
    BOOST_TEST(json::to_text(*json::parse(R"({"b":1,"a":2})")) == R"({"b":1,"a":2})");
}

BOOST_AUTO_TEST_CASE(bad_text_is_refused_with_its_place) {
    for (const char* text :
         {"", "{", "[1,]", "{\"a\":1,}", "nul", "1 2", "{'a':1}", "[1] x", "\"\x01\"", "\"\xff\"",
          "// c\n1", "NaN", "1e999", "01", "[\"\\ud800\"]"}) {
        BOOST_TEST(fault_of(text).starts_with("not JSON at byte "), text << ": " << fault_of(text));
    }
}

BOOST_AUTO_TEST_CASE(duplicate_members_are_refused) {
    BOOST_TEST(fault_of(R"({"a":1,"a":2})") == "duplicate member 'a'");
    BOOST_TEST(fault_of(R"([{"x":{"a":1,"b":2,"\u0061":3}}])") == "duplicate member 'a'");
    BOOST_TEST(fault_of(R"([{"a":1},{"a":2}])") == "");
    BOOST_TEST(fault_of(R"({"a":{"a":1}})") == "");
}

BOOST_AUTO_TEST_CASE(limits_hold_exactly) {
    const json::Limits limits{.bytes = 20, .depth = 3, .values = 5};
    BOOST_TEST(fault_of("[[[1]]]", limits) == "");
    BOOST_TEST(fault_of("[[[[]]]]", limits) == "nested deeper than 3 levels");
    BOOST_TEST(fault_of("[1,2,3,4]", limits) == "");
    BOOST_TEST(fault_of("[1,2,3,4,5]", limits) == "more than 5 values");
    BOOST_TEST(fault_of(std::string(20, ' ') + "1", limits) == "larger than 20 bytes");
    BOOST_TEST(fault_of(std::string(19, ' ') + "1", limits) == "");
}

BOOST_AUTO_TEST_CASE(a_million_open_brackets_are_no_stack_overflow) {
    BOOST_TEST(fault_of(std::string(1000000, '[')) == "nested deeper than 32 levels");
}

BOOST_AUTO_TEST_CASE(getters_take_their_type_only) {
    const Value value = *json::parse(
            R"({"s":"x","t":true,"n":7,"m":-7,"f":1.0,"big":18446744073709551615,"l":[1],"o":{}})");
    BOOST_TEST(*json::get_string(value, "s") == "x");
    BOOST_TEST(*json::get_bool(value, "t") == true);
    BOOST_TEST(*json::get_u64(value, "n") == 7U);
    BOOST_TEST(*json::get_i64(value, "m") == -7);
    BOOST_TEST(*json::get_u64(value, "big") == UINT64_MAX);
    BOOST_TEST((*json::get_array(value, "l"))->size() == 1U);
    BOOST_TEST((*json::get_object(value, "o"))->empty());
    BOOST_TEST(json::get_string(value, "n").error().message() == "member 'n' is not a string");
    BOOST_TEST(json::get_u64(value, "m").error().message() == "member 'm' is not a whole number");
    BOOST_TEST(!json::get_u64(value, "f"));
    BOOST_TEST(!json::get_i64(value, "big"));
    BOOST_TEST(!json::get_bool(value, "n"));
    BOOST_TEST(!json::get_array(value, "o"));
    BOOST_TEST(!json::get_object(value, "l"));
    BOOST_TEST(json::get_string(value, "z").error().message() == "missing member 'z'");
    BOOST_TEST(json::get_string(Value(1), "z").error().message() == "missing member 'z'");
    BOOST_TEST(*json::get_u64(Value{{"pid", 42}}, "pid") == 42U);
}

BOOST_AUTO_TEST_CASE(writing_survives_bytes_that_are_no_utf8) {
    BOOST_TEST(json::to_text(Value("a\xff")) == "\"a\xef\xbf\xbd\"");
    BOOST_TEST(json::to_text(Value{{"a", 1}}, Layout::pretty) == "{\n  \"a\": 1\n}");
}
