// SPDX-License-Identifier: LGPL-2.1-or-later
// Against a dbus-daemon of this test alone, in a directory of its own.
#include "lib/bus/connection.h"

#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using bus::Address;
using bus::Connection;
using bus::Message;
using bus::Peer;
using event::Loop;

namespace {

const Address kDaemon = {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"};
constexpr const char* kProgram = "/usr/bin/dbus-daemon";

template <class T>
T need(Result<T> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
    return std::move(result).value();
}

/// A bus that ends with the test.
class Daemon {
 public:
    Daemon() {
        char name[] = "/tmp/boxctl-bus-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        directory_ = name;
        start();
    }
    ~Daemon() {
        stop();
        unlink(socket().c_str());
        rmdir(directory_.c_str());
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    [[nodiscard]] std::string socket() const { return directory_ + "/bus"; }

    void start() {
        int ends[2] = {-1, -1};
        BOOST_REQUIRE_EQUAL(pipe2(ends, 0), 0);
        const std::string address = "--address=unix:path=" + socket();
        const std::string print = "--print-address=" + std::to_string(ends[1]);
        std::vector<std::string> words = {kProgram,      "--session", "--nofork",
                                          "--nopidfile", address,     print};
        std::vector<char*> arguments;
        for (std::string& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        BOOST_REQUIRE_EQUAL(
                posix_spawn(&pid_, kProgram, nullptr, nullptr, arguments.data(), environ), 0);
        close(ends[1]);
        char byte = 0;
        BOOST_REQUIRE_EQUAL(read(ends[0], &byte, 1), 1);  // it has printed: it listens
        close(ends[0]);
    }
    void pause() const { kill(pid_, SIGSTOP); }
    void stop() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

 private:
    std::string directory_;
    pid_t pid_ = -1;
};

boost::test_tools::assertion_result has_daemon(boost::unit_test::test_unit_id /*id*/) {
    return access(kProgram, X_OK) == 0;
}

Result<Message> owner_of(Connection& connection, const std::string& name) {
    Message request = BOX_TRY(connection.make_call(kDaemon, "GetNameOwner"));
    request.put_text(name);
    return connection.call(request);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(with_a_bus, *boost::unit_test::precondition(has_daemon))

BOOST_AUTO_TEST_CASE(a_call_brings_an_answer) {
    const Daemon daemon;
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    BOOST_TEST(connection->name().substr(0, 1) == ":");
    Message answer = need(owner_of(*connection, "org.freedesktop.DBus"));
    BOOST_TEST(need(answer.read_text()) == "org.freedesktop.DBus");
    BOOST_TEST(!answer.read_text().has_value());  // it has one field
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_an_error_has_words_and_a_number) {
    const Daemon daemon;
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    const auto refused = owner_of(*connection, "org.example.Nobody");
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code() == ENXIO);
    BOOST_TEST(refused.error().text().find("org.example.Nobody") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_field_that_does_not_fit_fails_the_call) {
    const Daemon daemon;
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    Message request = need(connection->make_call(kDaemon, "GetNameOwner"));
    request.put_path("not a path").put_text("org.freedesktop.DBus");
    const auto refused = connection->call(request);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code() == EINVAL);
}

BOOST_AUTO_TEST_CASE(a_signal_caused_by_a_later_call_is_seen) {
    const Daemon daemon;
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    std::vector<std::string> names;
    const bus::Slot slot =
            need(connection->match(kDaemon, "NameOwnerChanged", [&](Message& signal) {
                names.push_back(need(signal.read_text()));
            }));
    Message request = need(connection->make_call(kDaemon, "RequestName"));
    request.put_text("org.example.Box").put_uint32(0);
    need(connection->call(request));
    const auto seen = [&] { return !names.empty() && names.back() == "org.example.Box"; };
    const auto served = connection->serve_until(seen, event::now_us() + 60 * event::kSecond);
    BOOST_TEST(served.has_value());
}

BOOST_AUTO_TEST_CASE(waiting_has_an_end) {
    const Daemon daemon;
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    const auto waited = connection->serve_until([] { return false; }, event::now_us() + 1000);
    BOOST_REQUIRE(!waited);
    BOOST_TEST(waited.error().code() == ETIME);
}

BOOST_AUTO_TEST_CASE(a_loop_serves_the_connection) {
    const Daemon daemon;
    const auto loop = need(Loop::create());
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    BOOST_REQUIRE(connection->attach(*loop, [] {}));
    Message request = need(connection->make_call(kDaemon, "GetNameOwner"));
    request.put_text("org.freedesktop.DBus");
    std::string owner;
    bus::Slot slot;
    slot = need(connection->call_async(request, [&](Result<Message> answer) {
        owner = need(need(std::move(answer)).read_text());
        slot.reset();  // its own
        loop->exit(7);
    }));
    BOOST_TEST(need(loop->run()) == 7);
    BOOST_TEST(owner == "org.freedesktop.DBus");
}

BOOST_AUTO_TEST_CASE(an_idle_connection_does_not_wake_the_loop) {
    const Daemon daemon;
    const auto loop = need(Loop::create());
    const auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    BOOST_REQUIRE(connection->attach(*loop, [] {}));
    // What the start left queued is served first.
    const auto settled = loop->add_timer(event::now_us() + 50000, [&] { loop->exit(0); });
    BOOST_REQUIRE(loop->run());
    const uint64_t before = loop->wakeups();
    const auto later = loop->add_timer(event::now_us() + 100000, [&] { loop->exit(0); });
    BOOST_REQUIRE(loop->run());
    BOOST_TEST(loop->wakeups() == before + 1);
}

BOOST_AUTO_TEST_CASE(a_lost_bus_is_told_after_the_awaited_answers) {
    Daemon daemon;
    const auto loop = need(Loop::create());
    auto connection = need(Connection::open(Peer::bus, daemon.socket()));
    std::vector<std::string> order;
    BOOST_REQUIRE(connection->attach(*loop, [&] {
        order.emplace_back("lost");
        connection.reset();
        loop->exit(0);
    }));
    daemon.pause();  // it must not answer
    Message request = need(connection->make_call(kDaemon, "GetId"));
    const bus::Slot slot = need(connection->call_async(request, [&](Result<Message> answer) {
        order.emplace_back(answer ? "answer" : "error");
    }));
    daemon.stop();
    BOOST_REQUIRE(loop->run());
    const std::vector<std::string> expected = {"error", "lost"};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
    daemon.start();
    BOOST_TEST(Connection::open(Peer::bus, daemon.socket()).has_value());
}

BOOST_AUTO_TEST_CASE(a_bus_that_hangs_is_not_waited_for_at_the_end) {
    const Daemon daemon;
    daemon.pause();
    const uint64_t before = event::now_us();
    auto connection = need(Connection::begin(Peer::bus, daemon.socket()));
    Message request = need(connection->make_call(kDaemon, "GetId"));
    need(connection->send(request));
    connection.reset();
    // libsystemd would wait for ninety seconds.
    BOOST_TEST(event::now_us() - before < 45 * event::kSecond);
}

BOOST_AUTO_TEST_CASE(nor_when_connecting_takes_too_long) {
    const Daemon daemon;
    daemon.pause();
    const uint64_t before = event::now_us();
    const auto connection = Connection::open(Peer::bus, daemon.socket());
    BOOST_REQUIRE(!connection);
    BOOST_TEST(connection.error().code() == ETIME);
    BOOST_TEST(event::now_us() - before < 45 * event::kSecond);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(nobody_listening_is_an_error_that_says_so) {
    const auto connection = Connection::open(Peer::bus, "/nowhere/bus");
    BOOST_REQUIRE(!connection);
    BOOST_TEST(connection.error().code() == ENOENT);
    BOOST_TEST(connection.error().text().find("'/nowhere/bus'") != std::string::npos);
}
