// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/event/listener.h"

#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/unix_socket.h"
#include "tests/unit/no_descriptors.h"

using namespace boxctl;
using event::Listener;
using event::Loop;
using os::UniqueFd;

namespace {

struct Fixture {
    Fixture() {
        listener = std::move(*Listener::create(*loop, socket, [this](UniqueFd connection) {
            connections.push_back(std::move(connection));
        }));
    }
    ~Fixture() { unlink(path.c_str()); }
    UniqueFd connect() const { return std::move(os::connect_unix(path)).value(); }
    void serve(uint64_t moment = 20000) {
        const auto timer = loop->add_timer(event::now_us() + moment, [this] { loop->exit(0); });
        BOOST_REQUIRE(loop->run());
    }

    const std::string path = "/tmp/box-listener-" + std::to_string(getpid());
    std::unique_ptr<Loop> loop = std::move(*Loop::create());
    UniqueFd socket = std::move(os::listen_unix(path, SOCK_SEQPACKET)).value();
    std::vector<UniqueFd> connections;
    std::unique_ptr<Listener> listener;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(listener)

BOOST_FIXTURE_TEST_CASE(each_connection_is_handed_on, Fixture) {
    const UniqueFd one = connect();
    const UniqueFd other = connect();
    for (int i = 0; i < 100 && connections.size() < 2; i++)
        serve();
    BOOST_TEST_REQUIRE(connections.size() == 2U);
    BOOST_TEST(send(connections[1].get(), "x", 1, MSG_NOSIGNAL) == 1);
    char byte = 0;
    BOOST_TEST(recv(other.get(), &byte, 1, 0) == 1);
    BOOST_TEST(recv(one.get(), &byte, 1, MSG_DONTWAIT) == -1);
}

BOOST_FIXTURE_TEST_CASE(without_descriptors_it_rests_and_comes_back, Fixture) {
    const UniqueFd one = connect();
    const uint64_t before = loop->wakeups();
    {
        const NoDescriptors none(one.get());
        serve();
    }
    const uint64_t woken = loop->wakeups() - before;
    BOOST_TEST(woken >= 1U);
    BOOST_TEST(woken <= 3U);
    BOOST_TEST(connections.empty());
    for (int i = 0; i < 200 && connections.empty(); i++)
        serve();
    BOOST_TEST(connections.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(one_who_has_left_again_stops_nobody, Fixture) {
    connect().reset();
    const UniqueFd other = connect();
    for (int i = 0; i < 100 && connections.size() < 2; i++)
        serve();
    BOOST_TEST(connections.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
