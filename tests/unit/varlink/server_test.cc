// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/varlink/server.h"

#include <filesystem>

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/unix_socket.h"
#include "lib/varlink/client.h"
#include "tests/unit/console/support.h"

using namespace boxctl;
using namespace boxctl::varlink;
using namespace console_test;

namespace {

constexpr uint64_t kMoment = event::kSecond / 10;

/// Echoes the parameters of Echo, keeps the tickets of Later, and refuses the rest.
struct Fixture {
    Fixture() : loop(need(Loop::create())) {
        char name[] = "/tmp/boxctl-varlink-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        path = std::string(name) + "/socket";
        server = need(Server::create(*loop, path, {"a.test", "interface a.test\n"},
                                     [this](Server::Ticket ticket, const Call& call) {
                                         if (call.method == "a.test.Echo") {
                                             return server->reply(ticket, {"", call.parameters});
                                         }
                                         if (call.method != "a.test.Later") {
                                             return server->reply(ticket,
                                                                  no_such_method(call.method));
                                         }
                                         later.push_back(ticket);
                                     }));
    }
    ~Fixture() { std::filesystem::remove_all(std::filesystem::path(path).parent_path()); }

    void serve() const {
        const auto stop = loop->add_timer(now_us() + kMoment, [this] { loop->exit(0); });
        need(loop->run());
    }
    [[nodiscard]] UniqueFd connect() const { return need(os::connect_stream(path)); }

    std::unique_ptr<Loop> loop;
    std::string path;
    std::unique_ptr<Server> server;
    std::vector<Server::Ticket> later;
};

void write_to(const UniqueFd& connection, std::string_view text) {
    const ssize_t sent = send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
    BOOST_TEST(sent == static_cast<ssize_t>(text.size()));
}

/// All that is there, with | for each zero byte, and "gone" behind what ended.
std::string read_from(const UniqueFd& connection) {
    std::string all;
    char buffer[65536];
    ssize_t got = 0;
    while ((got = recv(connection.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
        all.append(buffer, static_cast<size_t>(got));
    const bool gone = got == 0 || errno == ECONNRESET;
    for (char& byte : all)
        if (byte == '\0') byte = '|';
    return gone ? all + "gone" : all;
}

std::string call_to(const char* method, bool oneway = false) {
    json::Value call = {{"method", method}, {"parameters", {{"x", 1}}}};
    if (oneway) call["oneway"] = true;
    std::string text = json::to_text(call);
    text.push_back('\0');
    return text;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_call_is_answered, Fixture) {
    const UniqueFd connection = connect();
    write_to(connection, call_to("a.test.Echo"));
    serve();
    BOOST_TEST(read_from(connection) == R"({"parameters":{"x":1}}|)");
}

BOOST_FIXTURE_TEST_CASE(calls_are_answered_in_their_order, Fixture) {
    const UniqueFd connection = connect();
    write_to(connection, call_to("a.test.Later") + call_to("a.test.Echo"));
    serve();
    BOOST_TEST(read_from(connection).empty());
    BOOST_TEST_REQUIRE(later.size() == 1U);
    BOOST_TEST(server->waits(later[0]));
    server->reply(later[0], {"", {{"late", true}}}, true);
    server->reply(later[0], {});
    BOOST_TEST(!server->waits(later[0]));
    serve();
    BOOST_TEST(read_from(connection) ==
               R"({"parameters":{"late":true},"continues":true}|{"parameters":{}}|)"
               R"({"parameters":{"x":1}}|)");
}

BOOST_FIXTURE_TEST_CASE(a_call_without_wish_for_a_reply_gets_none, Fixture) {
    const UniqueFd connection = connect();
    write_to(connection, call_to("a.test.Echo", true) + call_to("a.test.Other"));
    serve();
    BOOST_TEST(
            read_from(connection) ==
            R"({"error":"org.varlink.service.MethodNotFound","parameters":{"method":"a.test.Other"}}|)");
}

BOOST_FIXTURE_TEST_CASE(the_service_describes_itself, Fixture) {
    const UniqueFd connection = connect();
    write_to(connection, call_to("org.varlink.service.GetInfo"));
    serve();
    BOOST_TEST(read_from(connection).find(R"("interfaces":["org.varlink.service","a.test"])") !=
               std::string::npos);
    std::string ask = R"({"method":"org.varlink.service.GetInterfaceDescription",)"
                      R"("parameters":{"interface":"a.test"}})";
    ask.push_back('\0');
    write_to(connection, ask);
    serve();
    BOOST_TEST(read_from(connection) == R"({"parameters":{"description":"interface a.test\n"}}|)");
    write_to(connection, call_to("another.Method"));
    serve();
    BOOST_TEST(
            read_from(connection) ==
            R"({"error":"org.varlink.service.InterfaceNotFound","parameters":{"interface":"another"}}|)");
}

BOOST_FIXTURE_TEST_CASE(whoever_speaks_otherwise_is_left, Fixture) {
    for (const std::string& nonsense :
         {std::string("x\0", 2), std::string("{}\0", 3), std::string(kLongestMessage + 1, 'x')}) {
        const UniqueFd connection = connect();
        write_to(connection, nonsense);
        serve();
        BOOST_TEST(read_from(connection) == "gone");
    }
    const UniqueFd connection = connect();
    write_to(connection, call_to("a.test.Echo"));
    serve();
    BOOST_TEST(read_from(connection) == R"({"parameters":{"x":1}}|)");  // control
}

BOOST_FIXTURE_TEST_CASE(whoever_reads_nothing_is_left, Fixture) {
    const UniqueFd connection = connect();
    write_to(connection, call_to("a.test.Later"));
    serve();
    BOOST_TEST_REQUIRE(later.size() == 1U);
    const Reply long_one = {"", {{"text", std::string(40000, 'x')}}};
    for (int i = 0; i < 100; i++)
        server->reply(later[0], long_one, true);
    write_to(connection, call_to("a.test.Echo"));
    server->reply(later[0], {});
    serve();
    BOOST_TEST(read_from(connection).size() <= Server::kMostUnread + 50000);
}

BOOST_FIXTURE_TEST_CASE(an_answer_to_whoever_left_is_nobodys, Fixture) {
    {
        const UniqueFd connection = connect();
        write_to(connection, call_to("a.test.Later"));
        serve();
    }
    serve();
    BOOST_TEST_REQUIRE(later.size() == 1U);
    BOOST_TEST(!server->waits(later[0]));
    server->reply(later[0], {});
    server->reply(0, {});
    serve();
}

BOOST_FIXTURE_TEST_CASE(one_connection_too_many_ends_the_oldest, Fixture) {
    std::vector<UniqueFd> connections;
    for (size_t i = 0; i <= Server::kMostConnections; i++) {
        connections.push_back(connect());
        serve();
    }
    BOOST_TEST(read_from(connections[0]) == "gone");
    BOOST_TEST(read_from(connections[1]).empty());
    write_to(connections.back(), call_to("a.test.Echo"));
    serve();
    BOOST_TEST(read_from(connections.back()) == R"({"parameters":{"x":1}}|)");
}

BOOST_FIXTURE_TEST_CASE(the_socket_is_its_owners_alone, Fixture) {
    struct stat status = {};
    BOOST_REQUIRE(stat(path.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 07777U) == 0600U);
}

BOOST_FIXTURE_TEST_CASE(an_idle_server_never_wakes, Fixture) {
    const UniqueFd connection = connect();
    write_to(connection, call_to("a.test.Later"));
    serve();
    const uint64_t before = loop->wakeups();
    serve();
    BOOST_TEST(loop->wakeups() - before <= 1U);
}

BOOST_FIXTURE_TEST_CASE(a_client_is_answered, Fixture) {
    std::vector<std::string> got;
    const auto answer = [&](Result<Reply> reply) {
        got.push_back(!reply ? reply.error().message()
                             : reply->error + json::to_text(reply->parameters));
    };
    const auto one = need(Client::call(*loop, path, "a.test.Echo", {{"y", 2}}, answer));
    const auto other = need(Client::call(*loop, path, "a.test.Other", {}, answer));
    serve();
    std::sort(got.begin(), got.end());
    BOOST_TEST_REQUIRE(got.size() == 2U);
    BOOST_TEST(got[1] == R"({"y":2})");
    BOOST_TEST(got[0].starts_with("org.varlink.service."));
}

BOOST_FIXTURE_TEST_CASE(a_client_without_a_service_is_told_at_once, Fixture) {
    const auto call = [&](const std::string& at) {
        const auto made = Client::call(*loop, at, "a.B", {}, [](const Result<Reply>&) {});
        return made ? 0 : made.error().code();
    };
    BOOST_TEST(call(path + "-not") == ENOENT);
    server.reset();
    BOOST_TEST(call(path) == ECONNREFUSED);
}

BOOST_FIXTURE_TEST_CASE(a_client_whose_service_leaves_hears_of_it, Fixture) {
    std::vector<int> codes;
    const auto one = need(Client::call(*loop, path, "a.test.Later", {}, [&](Result<Reply> reply) {
        codes.push_back(reply ? 0 : reply.error().code());
    }));
    serve();
    BOOST_TEST(codes.empty());
    server.reset();
    serve();
    BOOST_TEST_REQUIRE(codes.size() == 1U);
    BOOST_TEST(codes[0] == ECONNRESET);
}
