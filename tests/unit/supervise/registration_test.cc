// SPDX-License-Identifier: LGPL-2.1-or-later
// With a socket of this test in place of the bus: who is registered, tests/host/ shows.
#include "lib/supervise/registration.h"

#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/os/process.h"
#include "tests/unit/console/support.h"

using namespace boxctl;
using namespace boxctl::supervise;
using namespace console_test;

namespace {

/// No descriptor can be had while it lives.
class NoDescriptors {
 public:
    NoDescriptors() {
        BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &former_) == 0);
        const UniqueFd lowest(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
        const rlimit none = {static_cast<rlim_t>(lowest.get()), former_.rlim_max};
        BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &former_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
    rlimit former_ = {};
};

UniqueFd listen_at(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    BOOST_REQUIRE_EQUAL(
            bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    BOOST_REQUIRE_EQUAL(listen(listener.get(), 8), 0);
    return listener;
}

struct Fixture {
    Fixture() : loop(need(Loop::create())), child(need(os::clone_process({}))) {
        if (child.pid == 0) {
            pause();
            _exit(0);
        }
        char name[] = "/tmp/boxctl-registration-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        folder = name;
        listener = listen_at(folder + "/bus");
        bus::MachineRequest machine;
        machine.name = "box";
        // A leader that is looked at would be the wrong one, and the first thing sent.
        machine.leader = 1;
        registration = std::make_unique<Registration>(
                *loop, std::move(machine), [] { return Result<std::string>(Error("no control")); },
                [this](const Error& why) { failures.push_back(why.code()); }, folder + "/bus");
    }
    ~Fixture() {
        registration.reset();
        (void)os::send_signal(child.pidfd, SIGKILL).has_value();
        (void)os::wait_for(child.pidfd).has_value();
        std::filesystem::remove_all(folder);
    }

    /// Somebody connects to the bus within `time`.
    [[nodiscard]] bool connects(uint64_t time) const {
        bool came = false;
        const auto source = need(loop->add_io(listener, EPOLLIN, [&](uint32_t) {
            came = true;
            loop->exit(0);
        }));
        const auto stop = loop->add_timer(now_us() + time, [this] { loop->exit(0); });
        need(loop->run());
        return came;
    }

    std::unique_ptr<Loop> loop;
    os::Cloned child;
    std::string folder;
    UniqueFd listener;
    std::vector<int> failures;
    std::unique_ptr<Registration> registration;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_leader_is_registered_at_once, Fixture) {
    BOOST_TEST(!connects(1));  // control: not before there is one
    registration->set_leader(child.pid);
    BOOST_TEST(connects(60 * event::kSecond));
    BOOST_TEST(failures.empty());
}

BOOST_FIXTURE_TEST_CASE(without_descriptors_it_is_tried_again, Fixture) {
    {
        const NoDescriptors none;
        registration->set_leader(child.pid);
    }
    BOOST_REQUIRE(failures.size() == 1U);
    BOOST_TEST(failures.front() == EMFILE);
    BOOST_TEST(connects(60 * event::kSecond));
}

BOOST_FIXTURE_TEST_CASE(a_leader_that_was_dropped_is_not_registered, Fixture) {
    {
        const NoDescriptors none;
        registration->set_leader(child.pid);
    }
    registration->drop_leader();
    BOOST_TEST(!connects(3 * event::kSecond));  // the second attempt is due after one
}

BOOST_FIXTURE_TEST_CASE(a_leader_that_has_ended_is_not_registered, Fixture) {
    need(os::send_signal(child.pidfd, SIGKILL));
    while (!os::has_ended(child.pidfd))
        poll(nullptr, 0, 1);
    registration->set_leader(child.pid);
    BOOST_TEST(!connects(event::kSecond / 10));
    BOOST_TEST(failures.empty());
}
