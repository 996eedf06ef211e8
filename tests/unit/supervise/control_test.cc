// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/control.h"

#include <filesystem>

#include "lib/os/message.h"
#include "lib/os/unix_socket.h"
#include "lib/state/control.h"
#include "tests/unit/console/support.h"
#include "tests/unit/no_descriptors.h"

using namespace boxctl;
using namespace boxctl::supervise;
using namespace console_test;

namespace {

constexpr uint64_t kMoment = event::kSecond / 10;

struct Fixture {
    Fixture() : loop(need(Loop::create())) {
        char name[] = "/tmp/boxctl-control-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        folder = name;
        listener = need(os::listen_unix(folder + "/control"));
        control = need(Control::create(*loop, listener, [this](Question question) {
            questions.push_back(std::move(question));
        }));
    }
    ~Fixture() { std::filesystem::remove_all(folder); }

    [[nodiscard]] UniqueFd connect() const { return need(os::connect_unix(folder + "/control")); }
    void serve() const {
        const auto stop = loop->add_timer(now_us() + kMoment, [this] { loop->exit(0); });
        need(loop->run());
    }

    std::unique_ptr<Loop> loop;
    std::string folder;
    UniqueFd listener;
    std::unique_ptr<Control> control;
    std::vector<Question> questions;
};

void send_bytes(const UniqueFd& connection, std::string_view bytes) {
    need(os::send_message(connection, std::as_bytes(std::span(bytes)), {}));
}

/// What stands there: "nothing", "gone", or the error.
std::string answer_at(const UniqueFd& connection) {
    make_nonblocking(connection);
    const auto message = state::receive_value(connection);
    if (!message) return message.error().code() == EAGAIN ? "nothing" : "unreadable";
    if (message->value.is_null()) return "gone";
    return need(json::get_string(message->value, "error"));
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_question_comes_with_who_asks, Fixture) {
    const UniqueFd one = connect();
    need(state::send_value(one, {{"ask", "something"}}));
    const UniqueFd other = connect();
    serve();
    BOOST_TEST_REQUIRE(questions.size() == 1U);
    BOOST_TEST(need(json::get_string(questions[0].value, "ask")) == "something");
    BOOST_TEST(questions[0].asker == getpid());
    need(state::send_refusal(questions[0].connection, Error("no")));
    BOOST_TEST(answer_at(one) == "no");
    BOOST_TEST(answer_at(other) == "nothing");
}

BOOST_FIXTURE_TEST_CASE(what_is_no_question_is_refused, Fixture) {
    for (const std::string_view bytes : {"x", "[]", "7", "{\"a\":", "{\"a\":1,\"a\":2}"}) {
        const UniqueFd one = connect();
        send_bytes(one, bytes);
        serve();
        BOOST_TEST(answer_at(one) != "nothing");
        BOOST_TEST(answer_at(one) == "gone");
    }
    const UniqueFd one = connect();
    send_bytes(one, std::string(state::kLongestMessage + 1, ' '));
    serve();
    BOOST_TEST(answer_at(one) != "nothing");
    BOOST_TEST(questions.empty());
}

BOOST_FIXTURE_TEST_CASE(descriptors_that_nobody_wants_are_closed, Fixture) {
    const UniqueFd one = connect();
    Pair pipe = make_pipe();
    need(state::send_value(one, {{"ask", "something"}}, {pipe.far.get()}));
    pipe.far.reset();
    make_nonblocking(pipe.near);
    char byte = 0;
    BOOST_TEST(read(pipe.near.get(), &byte, 1) < 0);  // the message holds a writer
    serve();
    BOOST_TEST_REQUIRE(questions.size() == 1U);
    BOOST_TEST(read(pipe.near.get(), &byte, 1) == 0);
}

BOOST_FIXTURE_TEST_CASE(of_too_many_silent_ones_the_oldest_goes, Fixture) {
    std::vector<UniqueFd> clients;
    for (size_t i = 0; i < Control::kMostSilent + 3; i++)
        clients.push_back(connect());
    serve();
    for (size_t i = 0; i < clients.size(); i++)
        BOOST_TEST(answer_at(clients[i]) == (i < 3 ? "gone" : "nothing"));
    need(state::send_value(clients.back(), {{"ask", "something"}}));
    serve();
    BOOST_TEST(questions.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(without_descriptors_left_it_rests_and_comes_back, Fixture) {
    const UniqueFd one = connect();
    need(state::send_value(one, {{"ask", "something"}}));
    const uint64_t before = loop->wakeups();
    {
        const NoDescriptors none(one.get());
        serve();
    }
    BOOST_TEST(loop->wakeups() - before <= 3U);
    BOOST_TEST(questions.empty());
    for (int i = 0; i < 20 && questions.empty(); i++)
        serve();
    BOOST_TEST(questions.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_leaves_without_a_word_is_forgotten, Fixture) {
    connect().reset();
    serve();
    const uint64_t before = loop->wakeups();
    serve();
    BOOST_TEST(loop->wakeups() - before <= 2U);
    BOOST_TEST(questions.empty());
}

BOOST_AUTO_TEST_CASE(a_refusal_is_the_error_it_was) {
    const auto [near, far] = need(os::make_socket_pair());
    Error error(ENOENT, "execute 'x'");
    error.set_hint("look");
    error.set_exit_code(127);
    need(state::send_refusal(near, error));
    const state::Message message = need(state::receive_value(far));
    const Error back = state::error_of(message.value);
    BOOST_TEST(back.message() == error.message());
    BOOST_TEST(back.code() == ENOENT);
    BOOST_TEST(back.exit_code() == 127);
    BOOST_TEST(state::error_of({{"error", 7}, {"exit_code", -1}}).exit_code() == 125);
}
