// SPDX-License-Identifier: LGPL-2.1-or-later
// What the processes of a launch say to each other, with both ends in hand.
#include "lib/launch/protocol.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "lib/os/message.h"

using namespace boxctl;
using launch::Frame;
using launch::Link;
using launch::Step;

namespace {

constexpr Step kSteps[] = {Step::payload_born, Step::ids_claimed, Step::tree_built, Step::confined,
                           Step::execute,      Step::mount_ready, Step::attach,     Step::done};

struct Links {
    Link near;
    Link far;
    Links() {
        auto pair = os::make_socket_pair();
        BOOST_REQUIRE(pair);
        near = Link(std::move(pair->first));
        far = Link(std::move(pair->second));
    }
    void send_raw(const void* data, size_t size) const {
        const auto* bytes = static_cast<const std::byte*>(data);
        BOOST_REQUIRE(os::send_message(near.fd(), {bytes, size}, {}));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_step_is_heard_where_it_is_expected, Links) {
    for (const Step said : kSteps) {
        for (const Step expected : kSteps) {
            BOOST_REQUIRE(near.say(said, 17));
            const auto heard = far.expect(expected);
            BOOST_CHECK_EQUAL(heard.has_value(), said == expected);
            if (heard) {
                BOOST_CHECK_EQUAL(heard->value, 17);
                BOOST_CHECK(heard->fds.empty());
            } else {
                BOOST_CHECK_EQUAL(heard.error().message(),
                                  std::string("expected '") + to_string(expected) +
                                          "' and heard '" + to_string(said) + "'");
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(descriptors_come_along, Links) {
    BOOST_REQUIRE(near.say(Step::tree_built, -3, {near.fd().get(), far.fd().get()}));
    const auto heard = far.expect(Step::tree_built);
    BOOST_REQUIRE(heard);
    BOOST_CHECK_EQUAL(heard->value, -3);
    BOOST_CHECK_EQUAL(heard->fds.size(), 2U);
}

BOOST_FIXTURE_TEST_CASE(a_failure_arrives_whole_whatever_was_expected, Links) {
    Error error(ENOENT, "open '/srv/x'");
    error.set_hint("make it first");
    error.set_exit_code(127);
    for (const Step expected : kSteps) {
        BOOST_REQUIRE(near.fail(error));
        const auto heard = far.expect(expected);
        BOOST_REQUIRE(!heard);
        BOOST_CHECK_EQUAL(heard.error().message(), error.message());
        BOOST_CHECK_EQUAL(heard.error().code(), ENOENT);
        BOOST_CHECK_EQUAL(heard.error().hint(), "make it first");
        BOOST_CHECK_EQUAL(heard.error().exit_code(), 127);
    }
    BOOST_REQUIRE(near.fail(error));
    BOOST_CHECK_EQUAL(far.expect_end().error().message(), error.message());
}

BOOST_FIXTURE_TEST_CASE(a_text_that_is_too_long_is_cut, Links) {
    Error error(std::string(5000, 't'));
    error.set_hint(std::string(5000, 'h'));
    BOOST_REQUIRE(near.fail(error));
    const auto heard = far.expect(Step::confined);
    BOOST_REQUIRE(!heard);
    BOOST_CHECK_EQUAL(heard.error().text(), std::string(sizeof Frame::text - 1, 't'));
    BOOST_CHECK_EQUAL(heard.error().hint(), std::string(sizeof Frame::hint - 1, 'h'));
}

BOOST_FIXTURE_TEST_CASE(a_text_without_an_end_is_not_read_beyond_it, Links) {
    Frame frame;
    frame.exit_code = 125;
    memset(frame.text, 'x', sizeof frame.text);
    memset(frame.hint, 'y', sizeof frame.hint);
    send_raw(&frame, sizeof frame);
    const auto heard = far.expect(Step::confined);
    BOOST_REQUIRE(!heard);
    BOOST_CHECK_EQUAL(heard.error().text(), std::string(sizeof frame.text, 'x'));
    BOOST_CHECK_EQUAL(heard.error().hint(), std::string(sizeof frame.hint, 'y'));
}

BOOST_FIXTURE_TEST_CASE(a_failure_without_a_failing_exit_code_is_refused, Links) {
    const std::pair<int32_t, int32_t> wrong[] = {{ENOENT, 0},   {ENOENT, -1}, {ENOENT, 256},
                                                 {ENOENT, 512}, {-1, 125},    {4096, 125}};
    for (const auto& [code, exit_code] : wrong) {
        Frame frame;
        frame.value = code;
        frame.exit_code = exit_code;
        send_raw(&frame, sizeof frame);
        BOOST_CHECK_EQUAL(far.expect(Step::confined).error().code(), EPROTO);
        send_raw(&frame, sizeof frame);
        const auto ended = far.expect_end();
        BOOST_CHECK_EQUAL(ended.error().code(), EPROTO);
        BOOST_CHECK_EQUAL(ended.error().exit_code(), 125);
    }
}

BOOST_FIXTURE_TEST_CASE(frames_of_another_size_are_refused, Links) {
    const Frame frame;
    std::vector<char> longer(sizeof frame + 1);
    for (const size_t size : {size_t{1}, sizeof(Step), sizeof frame - 1}) {
        send_raw(&frame, size);
        BOOST_CHECK_EQUAL(far.expect(Step::failed).error().code(), EPROTO);
        send_raw(&frame, size);
        BOOST_CHECK_EQUAL(far.expect_end().error().code(), EPROTO);
    }
    send_raw(longer.data(), longer.size());
    BOOST_CHECK_EQUAL(far.expect(Step::execute).error().code(), EMSGSIZE);
}

BOOST_FIXTURE_TEST_CASE(an_unknown_step_is_an_error, Links) {
    Frame frame;
    frame.step = static_cast<Step>(4711);
    send_raw(&frame, sizeof frame);
    BOOST_CHECK_EQUAL(far.expect(Step::execute).error().message(),
                      "expected 'execute' and heard 'unknown'");
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_went_away_is_told_from_one_that_ended, Links) {
    near.close();
    BOOST_CHECK_EQUAL(far.expect(Step::confined).error().message(),
                      "the other process went away before 'confined'");
    BOOST_CHECK(far.expect_end());
    BOOST_CHECK_EQUAL(far.say(Step::execute).error().code(), EPIPE);
    BOOST_CHECK_EQUAL(far.fail(Error("x")).error().code(), EPIPE);
}

BOOST_FIXTURE_TEST_CASE(a_step_is_no_end, Links) {
    BOOST_REQUIRE(near.say(Step::confined));
    BOOST_CHECK_EQUAL(far.expect_end().error().message(), "expected the end and heard 'confined'");
}
