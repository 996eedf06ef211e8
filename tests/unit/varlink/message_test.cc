// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/varlink/message.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using namespace boxctl::varlink;

namespace {

/// Without the zero byte that every message ends with.
std::string bare(std::string text) {
    BOOST_REQUIRE(!text.empty() && text.back() == '\0');
    text.pop_back();
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_is_read_with_its_flags) {
    const auto call = parse_call(R"({"method":"a.b.C","parameters":{"x":1},"more":true})");
    BOOST_REQUIRE(call.has_value());
    BOOST_TEST(call->method == "a.b.C");
    BOOST_TEST(json::to_text(call->parameters) == R"({"x":1})");
    BOOST_TEST(call->more);
    BOOST_TEST(!call->oneway);
    BOOST_TEST(parse_call(R"({"method":"a.B","oneway":true})")->oneway);
}

BOOST_AUTO_TEST_CASE(no_parameters_are_an_empty_object) {
    for (const char* text :
         {R"({"method":"a.B"})", R"({"method":"a.B","parameters":null,"more":null})"}) {
        const auto call = parse_call(text);
        BOOST_TEST_REQUIRE(call.has_value());
        BOOST_TEST(json::to_text(call->parameters) == "{}");
        BOOST_TEST(!call->more);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_call_is_refused) {
    for (const char* text :
         {"", "[]", "{}", R"({"method":1})", R"({"method":""})", R"({"method":"nodot"})",
          R"({"method":"a.B","parameters":[]})", R"({"method":"a.B","more":1})",
          R"({"method":"a.B"}x)", R"({"method":"a.B","method":"a.C"})"}) {
        BOOST_TEST(!parse_call(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(a_call_and_a_reply_read_back_as_written) {
    const auto call = parse_call(bare(write_call("a.B", {{"x", "\n\xff"}})));
    BOOST_REQUIRE(call.has_value());
    BOOST_TEST(call->method == "a.B");
    const auto reply = parse_reply(bare(write_reply(no_such_method("a.B"))));
    BOOST_REQUIRE(reply.has_value());
    BOOST_TEST(reply->error == "org.varlink.service.MethodNotFound");
    BOOST_TEST(*json::get_string(reply->parameters, "method") == "a.B");
    BOOST_TEST(parse_reply(bare(write_reply({})))->error.empty());
}

BOOST_AUTO_TEST_CASE(an_empty_reply_is_what_systemd_expects) {
    BOOST_TEST(bare(write_reply({})) == R"({"parameters":{}})");
    BOOST_TEST(bare(write_reply({}, true)) == R"({"parameters":{},"continues":true})");
}

BOOST_AUTO_TEST_CASE(an_error_has_a_name) {
    BOOST_TEST(!parse_reply(R"({"error":""})").has_value());
    BOOST_TEST(!parse_reply(R"({"error":1})").has_value());
    BOOST_TEST(!parse_reply(R"({"parameters":1})").has_value());
}

BOOST_AUTO_TEST_CASE(a_stream_is_cut_into_messages) {
    Splitter splitter;
    const std::string stream("one\0two\0\0thr", 12);
    for (const char byte : stream)
        BOOST_TEST(splitter.add({&byte, 1}).has_value());
    BOOST_TEST(splitter.take().value_or("none") == "one");
    BOOST_TEST(splitter.take().value_or("none") == "two");
    BOOST_TEST(splitter.take().value_or("none").empty());
    BOOST_TEST(!splitter.take().has_value());
    BOOST_TEST(splitter.add(std::string_view("ee\0", 3)).has_value());
    BOOST_TEST(splitter.take().value_or("none") == "three");
}

BOOST_AUTO_TEST_CASE(a_message_may_be_so_long_and_no_longer) {
    Splitter fits;
    BOOST_TEST(fits.add(std::string(kLongestMessage, 'x')).has_value());
    BOOST_TEST(fits.add(std::string_view("\0", 1)).has_value());
    BOOST_TEST(fits.take().value_or("").size() == kLongestMessage);
    Splitter too_long;
    const auto refused = too_long.add(std::string(kLongestMessage + 1, 'x'));
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().code() == EMSGSIZE);
}

BOOST_AUTO_TEST_CASE(what_nobody_takes_is_bounded) {
    Splitter splitter;
    size_t added = 0;
    while (splitter.add(std::string_view("{}\0", 3)).has_value() && added < 4 * kLongestMessage)
        added += 3;
    BOOST_TEST(added <= 2 * kLongestMessage);
    BOOST_TEST(added >= kLongestMessage);
}
