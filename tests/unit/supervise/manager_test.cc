// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/manager.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/os/process.h"

using namespace boxctl;
using namespace boxctl::supervise;

namespace {

std::map<std::string, std::string> environment;

char* value_of(const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.data();
}

struct Datagram {
    std::string text;
    os::UniqueFd fd;
};

/// The service manager.
struct Fixture {
    explicit Fixture(bool abstract = false) {
        std::string directory = "/tmp/boxctl-test-XXXXXX";
        BOOST_REQUIRE(mkdtemp(directory.data()) != nullptr);
        folder = directory;
        path = abstract ? "@" + directory : directory + "/notify";
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        memcpy(address.sun_path, path.data(), path.size());
        if (abstract) address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        socket_fd.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        BOOST_REQUIRE_EQUAL(bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        loop = std::move(event::Loop::create()).value();
    }
    ~Fixture() { std::filesystem::remove_all(folder); }

    std::vector<Datagram> received() const {
        std::vector<Datagram> all;
        for (;;) {
            char bytes[1024];
            alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
            iovec data = {bytes, sizeof bytes};
            msghdr message = {};
            message.msg_iov = &data;
            message.msg_iovlen = 1;
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            const ssize_t got = recvmsg(socket_fd.get(), &message, MSG_CMSG_CLOEXEC);
            if (got < 0) return all;
            Datagram datagram{std::string(bytes, static_cast<size_t>(got)), {}};
            if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
                int fd = -1;
                memcpy(&fd, CMSG_DATA(header), sizeof fd);
                datagram.fd.reset(fd);
            }
            all.push_back(std::move(datagram));
        }
    }
    std::vector<std::string> texts() const {
        std::vector<std::string> texts;
        for (const Datagram& datagram : received())
            texts.push_back(datagram.text);
        return texts;
    }
    void serve(uint64_t time) const {
        const auto stop = loop->add_timer(event::now_us() + time, [this] { loop->exit(0); });
        BOOST_REQUIRE(loop->run());
    }

    std::string folder, path;
    os::UniqueFd socket_fd;
    std::unique_ptr<event::Loop> loop;
};

using Texts = std::vector<std::string>;

/// A child that has ended with `code` and, unless `reaped`, is still a zombie.
os::UniqueFd ended_child(int code, bool reaped) {
    os::Cloned child = std::move(os::clone_process({})).value();
    if (child.pid == 0) _exit(code);
    siginfo_t info = {};
    const int options = WEXITED | (reaped ? 0 : WNOWAIT);
    BOOST_REQUIRE_EQUAL(waitid(P_PID, static_cast<id_t>(child.pid), &info, options), 0);
    return std::move(child.pidfd);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(it_is_told_what_is_the_case_and_only_once, Fixture) {
    Manager manager({path, 0, false});
    manager.set_status("Starting");
    manager.tell();
    manager.tell();
    BOOST_CHECK(texts() == Texts{"STATUS=Starting"});
    manager.set_ready();
    manager.set_status("Running");
    manager.tell();
    BOOST_CHECK(texts() == Texts{"READY=1\nSTATUS=Running"});
    manager.set_error(ENOENT);
    manager.tell();
    BOOST_CHECK(texts() == Texts{"READY=1\nERRNO=2\nSTATUS=Running"});
    manager.set_stopping();
    manager.tell();
    BOOST_CHECK(texts() == Texts{"STOPPING=1\nERRNO=2\nSTATUS=Running"});
}

BOOST_FIXTURE_TEST_CASE(reloading_ends_when_it_is_ready_again, Fixture) {
    Manager manager({path, 0, false});
    manager.set_ready();
    manager.tell();
    const uint64_t before = event::now_us();
    manager.set_reloading();
    manager.tell();
    const Texts told = texts();
    BOOST_REQUIRE_EQUAL(told.size(), 2U);
    constexpr std::string_view kStart = "RELOADING=1\nMONOTONIC_USEC=";
    BOOST_REQUIRE(told[1].starts_with(kStart));
    const auto when = parse_u64(std::string_view(told[1]).substr(
            kStart.size(), told[1].find('\n', kStart.size()) - kStart.size()));
    BOOST_REQUIRE(when);
    BOOST_CHECK_GE(*when, before);
    BOOST_CHECK_LE(*when, event::now_us());
    manager.set_ready();
    manager.tell();
    BOOST_CHECK(texts() == Texts{"READY=1\nSTATUS="});
}

BOOST_AUTO_TEST_CASE(an_abstract_socket_is_an_address_too) {
    const Fixture fixture(true);
    Manager manager({fixture.path, 0, false});
    manager.set_status("x");
    manager.tell();
    BOOST_CHECK(fixture.texts() == Texts{"STATUS=x"});
}

BOOST_AUTO_TEST_CASE(no_manager_and_none_that_can_be_reached_are_told_nothing) {
    for (const char* address : {"", "vsock:2:1234", "relative", "/", "@", "/nowhere/at/all"}) {
        Manager manager({address, 1000, true});
        manager.set_ready();
        manager.tell();
    }
    Manager manager({std::string(200, '/'), 0, true});
    manager.tell();
}

BOOST_FIXTURE_TEST_CASE(it_keeps_the_pidfd_of_pid_1_until_the_end, Fixture) {
    const os::UniqueFd self = std::move(os::open_pidfd(getpid())).value();
    {
        Manager manager({path, 0, true});
        manager.set_leader(4711, self);
        manager.tell();
        const auto told = received();
        BOOST_REQUIRE_EQUAL(told.size(), 3U);
        BOOST_CHECK_EQUAL(told[0].text, "X_NSPAWN_LEADER_PID=4711\nSTATUS=");
        BOOST_CHECK_EQUAL(told[1].text, "FDSTOREREMOVE=1\nFDNAME=boxctl-leader");
        BOOST_CHECK_EQUAL(told[2].text, "FDSTORE=1\nFDPOLL=0\nFDNAME=boxctl-leader");
        BOOST_CHECK(!told[1].fd.valid());
        BOOST_REQUIRE(told[2].fd.valid());
        // A pidfd of the right process.
        BOOST_CHECK(os::send_signal(told[2].fd, 0));
    }
    BOOST_CHECK(texts() == Texts{"FDSTOREREMOVE=1\nFDNAME=boxctl-leader"});
}

BOOST_FIXTURE_TEST_CASE(one_that_keeps_no_descriptors_is_sent_none, Fixture) {
    const os::UniqueFd self = std::move(os::open_pidfd(getpid())).value();
    {
        Manager manager({path, 0, false});
        manager.set_leader(4711, self);
        manager.tell();
    }
    BOOST_CHECK(texts() == Texts{"X_NSPAWN_LEADER_PID=4711\nSTATUS="});
}

BOOST_FIXTURE_TEST_CASE(what_it_has_no_room_for_is_told_later, Fixture) {
    Manager manager({path, 0, false});
    manager.attach(*loop);
    size_t queued = 0;
    for (; queued < 100000; queued++) {
        manager.set_status(std::to_string(queued));
        const uint64_t before = event::now_us();
        manager.tell();
        BOOST_REQUIRE_LT(event::now_us() - before, event::kSecond);
        // Full once a datagram of another sender does not fit.
        const os::UniqueFd other(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        memcpy(address.sun_path, path.data(), path.size());
        if (sendto(other.get(), "x", 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address),
                   sizeof address) < 0) {
            break;
        }
    }
    BOOST_REQUIRE_LT(queued, 100000U);
    manager.set_status("the last");
    manager.set_ready();
    manager.tell();
    Texts told = texts();
    BOOST_CHECK(told.back() != "READY=1\nSTATUS=the last");
    serve(event::kSecond / 4);
    told = texts();
    BOOST_REQUIRE(!told.empty());
    BOOST_CHECK_EQUAL(told.back(), "READY=1\nSTATUS=the last");
    manager.detach();
}

BOOST_FIXTURE_TEST_CASE(the_watchdog_hears_twice_in_its_time, Fixture) {
    Manager manager({path, event::kSecond / 5, false});
    manager.attach(*loop);
    serve(event::kSecond / 2);
    const size_t count = texts().size();
    BOOST_CHECK_GE(count, 3U);
    BOOST_CHECK_LE(count, 7U);
    manager.detach();
    serve(event::kSecond / 4);
    BOOST_CHECK(texts().empty());
    Manager unwatched({path, 0, false});
    unwatched.attach(*loop);
    serve(event::kSecond / 4);
    BOOST_CHECK(texts().empty());
    unwatched.detach();
}

BOOST_AUTO_TEST_CASE(the_environment_counts_when_it_is_meant_for_us) {
    const auto read = [](std::map<std::string, std::string> values) {
        environment = std::move(values);
        return Manager::read_address(value_of, 100);
    };
    BOOST_CHECK_EQUAL(read({}).socket, "");
    BOOST_CHECK_EQUAL(read({{"NOTIFY_SOCKET", "/run/x"}}).socket, "/run/x");
    BOOST_CHECK_EQUAL(read({{"WATCHDOG_USEC", "3000000"}}).watchdog, 3000000U);
    BOOST_CHECK_EQUAL(read({{"WATCHDOG_USEC", "3"}, {"WATCHDOG_PID", "100"}}).watchdog, 3U);
    BOOST_CHECK_EQUAL(read({{"WATCHDOG_USEC", "3"}, {"WATCHDOG_PID", "101"}}).watchdog, 0U);
    BOOST_CHECK_EQUAL(read({{"WATCHDOG_USEC", "x"}}).watchdog, 0U);
    BOOST_CHECK_EQUAL(read({{"WATCHDOG_USEC", "18446744073709551615"}}).watchdog, 0U);
    const auto keeps = [&](const char* value) {
        return read({{"FDSTORE", value}, {"WATCHDOG_PID", "101"}}).keeps_descriptors;
    };
    BOOST_CHECK(keeps("1") && keeps("512"));
    BOOST_CHECK(!keeps("0") && !keeps("") && !keeps("yes"));
    BOOST_CHECK(!read({}).keeps_descriptors);
}

namespace {

/// former_end() in a child that has `fd` as its descriptor 3, as after an exec by the manager.
std::string former_end_with(int fd, const std::map<std::string, std::string>& values) {
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe(ends), 0);
    const os::UniqueFd reading(ends[0]);
    os::UniqueFd writing(ends[1]);
    os::Cloned child = std::move(os::clone_process({})).value();
    if (child.pid == 0) {
        environment = values;
        const int out = fcntl(writing.get(), F_DUPFD, 10);
        dup2(fd, 3);
        const std::string sentence = former_end(value_of, 100);
        const bool told = write(out, sentence.data(), sentence.size()) == ssize_t(sentence.size());
        _exit(told ? 0 : 1);
    }
    writing.reset();
    char text[256];
    const ssize_t got = read(reading.get(), text, sizeof text);
    BOOST_REQUIRE_EQUAL(os::wait_for(child.pidfd)->code, 0);
    return {text, static_cast<size_t>(std::max<ssize_t>(got, 0))};
}

}  // namespace

BOOST_AUTO_TEST_CASE(how_the_last_life_ended_is_read_from_the_kept_descriptor) {
    const os::UniqueFd ended = ended_child(7, true);
    if (const auto status = os::exit_status_of(ended); !status) {
        BOOST_TEST_MESSAGE("skipped: " << status.error().message());
        return;
    }
    const std::map<std::string, std::string> kept = {
            {"LISTEN_PID", "100"}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "boxctl-leader"}};
    BOOST_CHECK_EQUAL(former_end_with(ended.get(), kept),
                      "PID 1 of its last life ended with status 7");
    auto values = kept;
    values["LISTEN_PID"] = "101";  // meant for another process
    BOOST_CHECK_EQUAL(former_end_with(ended.get(), values), "");
    values = kept;
    values["LISTEN_FDNAMES"] = "http";  // not ours
    BOOST_CHECK_EQUAL(former_end_with(ended.get(), values), "");
    values["LISTEN_FDNAMES"] = "http:boxctl-leader";  // more names than descriptors
    BOOST_CHECK_EQUAL(former_end_with(ended.get(), values), "");
    BOOST_CHECK_EQUAL(former_end_with(STDERR_FILENO, kept), "");  // no pidfd at all
    const os::UniqueFd self = std::move(os::open_pidfd(getpid())).value();
    BOOST_CHECK_EQUAL(former_end_with(self.get(), kept), "");  // it lives
}
