// SPDX-License-Identifier: LGPL-2.1-or-later
// This process plays the box: it is its own PID 1, in the host's namespaces.
#include "lib/supervise/readiness.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/process.h"

using namespace boxctl;
using namespace boxctl::supervise;

namespace {

struct Fixture {
    Fixture() {
        std::string directory = "/tmp/boxctl-test-XXXXXX";
        BOOST_REQUIRE(mkdtemp(directory.data()) != nullptr);
        folder = directory;
        loop = std::move(event::Loop::create()).value();
        self = std::move(os::open_pidfd(getpid())).value();
        record.leader.pid = getpid();
    }
    ~Fixture() { std::filesystem::remove_all(folder); }

    Result<void> start(const std::string& rule, console::Tap* console = nullptr) {
        record.ready_rule = rule;
        readiness = std::make_unique<Readiness>(*loop, record, self, [this] {
            ready++;
            loop->exit(0);
        });
        return readiness->start(console);
    }
    /// Serves until it is ready, or for `time`.
    void serve(uint64_t time) const {
        const auto stop = loop->add_timer(event::now_us() + time, [this] { loop->exit(0); });
        BOOST_REQUIRE(loop->run());
    }

    std::string folder;
    std::unique_ptr<event::Loop> loop;
    os::UniqueFd self;
    state::Record record;
    int ready = 0;
    std::unique_ptr<Readiness> readiness;
};

constexpr uint64_t kAWhile = event::kSecond / 4;
constexpr uint64_t kLong = 10 * event::kSecond;

os::UniqueFd bound_socket(int type, const std::string& path) {
    os::UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path.data(), path.size());
    BOOST_REQUIRE_EQUAL(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(started_is_ready_at_once_and_idle, Fixture) {
    BOOST_REQUIRE(start("started"));
    BOOST_CHECK_EQUAL(ready, 1);
    readiness->hear({.ready = true, .status = {}, .error = {}});
    BOOST_CHECK_EQUAL(ready, 1);
}

BOOST_FIXTURE_TEST_CASE(notify_waits_for_the_word, Fixture) {
    BOOST_REQUIRE(start("notify"));
    readiness->hear({.stopping = true, .status = "READY=1", .error = {}});
    BOOST_CHECK_EQUAL(ready, 0);
    readiness->hear({.ready = true, .status = {}, .error = {}});
    readiness->hear({.ready = true, .status = {}, .error = {}});
    BOOST_CHECK_EQUAL(ready, 1);
}

BOOST_FIXTURE_TEST_CASE(log_listens_to_the_console_until_it_has_heard, Fixture) {
    console::Tap console;
    BOOST_REQUIRE(start("log:up: [0-9]+", &console));
    console.give(std::string_view("up: x\nup"));
    BOOST_CHECK_EQUAL(ready, 0);
    console.give(std::string_view(": 7\nup: 8\n"));
    console.give(std::string_view("up: 9\n"));
    BOOST_CHECK_EQUAL(ready, 1);
}

BOOST_FIXTURE_TEST_CASE(log_without_a_console_is_an_error, Fixture) {
    BOOST_CHECK(!start("log:x"));
    BOOST_CHECK(!start("nonsense"));
}

BOOST_FIXTURE_TEST_CASE(file_appears, Fixture) {
    BOOST_REQUIRE(start("file:" + folder + "/up"));
    serve(kAWhile);
    BOOST_CHECK_EQUAL(ready, 0);
    std::ofstream(folder + "/up") << "";
    serve(kLong);
    BOOST_CHECK_EQUAL(ready, 1);
    // It looks no more.
    const uint64_t before = loop->wakeups();
    serve(kAWhile);
    BOOST_CHECK_LE(loop->wakeups() - before, 1U);
}

BOOST_FIXTURE_TEST_CASE(socket_has_to_accept, Fixture) {
    for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
        const std::string path = folder + "/socket-" + std::to_string(type);
        const os::UniqueFd server = bound_socket(type, path);
        ready = 0;
        BOOST_REQUIRE(start("unix:" + path));
        serve(kAWhile);
        BOOST_CHECK_EQUAL(ready, 0);
        BOOST_REQUIRE_EQUAL(listen(server.get(), 1), 0);
        serve(kLong);
        BOOST_CHECK_EQUAL(ready, 1);
    }
}

BOOST_FIXTURE_TEST_CASE(a_file_is_no_socket, Fixture) {
    std::ofstream(folder + "/file") << "";
    BOOST_REQUIRE(start("unix:" + folder + "/file"));
    serve(kAWhile);
    BOOST_CHECK_EQUAL(ready, 0);
}

BOOST_FIXTURE_TEST_CASE(port_has_to_accept, Fixture) {
    const os::UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE_EQUAL(bind(server.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    BOOST_REQUIRE_EQUAL(getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    BOOST_REQUIRE(start("tcp:" + std::to_string(ntohs(address.sin_port))));
    serve(kAWhile);
    BOOST_CHECK_EQUAL(ready, 0);
    BOOST_REQUIRE_EQUAL(listen(server.get(), 1), 0);
    serve(kLong);
    BOOST_CHECK_EQUAL(ready, 1);
}

BOOST_FIXTURE_TEST_CASE(one_that_goes_while_it_looks_leaves_no_child, Fixture) {
    BOOST_REQUIRE(start("file:" + folder + "/up"));
    serve(Readiness::kFirstPause + 1);
    readiness.reset();
    BOOST_CHECK(waitpid(-1, nullptr, WNOHANG) < 0);
    BOOST_CHECK_EQUAL(errno, ECHILD);
}
