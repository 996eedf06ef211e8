// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/notify.h"

#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

using namespace boxctl;
using namespace boxctl::supervise;

namespace {

size_t open_descriptors() {
    const auto fds = os::open_host("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    BOOST_REQUIRE(fds);
    return os::list_directory(*fds)->size();
}

/// A box's socket and this process as its PID 1.
struct Fixture {
    Fixture() {
        int pair[2];
        BOOST_REQUIRE_EQUAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
        ours.reset(pair[0]);
        theirs.reset(pair[1]);
        const int on = 1;
        BOOST_REQUIRE_EQUAL(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
        loop = std::move(event::Loop::create()).value();
    }
    void watch(pid_t leader) {
        auto made = NotifySocket::watch(*loop, ours, leader,
                                        [this](const Notice& notice) { heard.push_back(notice); });
        BOOST_REQUIRE(made);
        socket = std::move(made).value();
    }
    void say(const std::string& text) const {
        BOOST_REQUIRE_EQUAL(send(theirs.get(), text.data(), text.size(), 0), ssize_t(text.size()));
    }
    /// Serves what has been sent.
    void serve(uint64_t time = event::kSecond / 20) const {
        const auto stop = loop->add_timer(event::now_us() + time, [this] { loop->exit(0); });
        BOOST_REQUIRE(loop->run());
    }
    os::UniqueFd ours, theirs;
    std::unique_ptr<event::Loop> loop;
    std::unique_ptr<NotifySocket> socket;
    std::vector<Notice> heard;
};

}  // namespace

BOOST_AUTO_TEST_CASE(only_four_words_are_heard) {
    const struct {
        std::string datagram;
        Notice notice;
    } cases[] = {
            {"READY=1", {.ready = true, .status = {}, .error = {}}},
            {"READY=1\n", {.ready = true, .status = {}, .error = {}}},
            {"X=1\nREADY=1\nY=2", {.ready = true, .status = {}, .error = {}}},
            {"STOPPING=1", {.stopping = true, .status = {}, .error = {}}},
            {"STATUS=all is well", {.status = "all is well", .error = {}}},
            {"STATUS=", {.status = "", .error = {}}},
            {"STATUS=a\nSTATUS=b=c", {.status = "b=c", .error = {}}},
            {"STATUS=\x1b]0;x\x07\r", {.status = "\\x1b]0;x\\x07\\x0d", .error = {}}},
            {"ERRNO=2", {.status = {}, .error = 2}},
            // not these
            {"", {}},
            {"READY", {}},
            {"READY=0", {}},
            {"READY=11", {}},
            {" READY=1", {}},
            {"ready=1", {}},
            {"READY =1", {}},
            {"=READY=1", {}},
            {"ERRNO=-2", {}},
            {"ERRNO=4096", {}},
            {"ERRNO=99999999999999999999", {}},
            {"MAINPID=1\nFDSTORE=1\nFDNAME=x\nWATCHDOG=trigger\nWATCHDOG_USEC=1\nBUSERROR=a.b\n"
             "NOTIFYACCESS=all\nEXTEND_TIMEOUT_USEC=1\nBARRIER=1\nRELOADING=1\nEXIT_STATUS=1\n"
             "RESTART_RESET=1\nVARLINKERROR=x",
             {}},
    };
    for (const auto& [datagram, notice] : cases) {
        BOOST_CHECK_MESSAGE(parse_notice(datagram) == notice, datagram);
    }
}

BOOST_AUTO_TEST_CASE(a_status_is_cut_and_can_hold_no_second_line) {
    const Notice notice = parse_notice("STATUS=" + std::string(3000, 'x'));
    BOOST_CHECK_EQUAL(notice.status->size(), kLongestStatus);
    const Notice zero = parse_notice(std::string("STATUS=a\0READY=1", 16));
    BOOST_CHECK(!zero.ready);
    BOOST_CHECK_EQUAL(*zero.status, "a\\x00READY=1");
}

BOOST_FIXTURE_TEST_CASE(pid_1_is_heard, Fixture) {
    watch(getpid());
    say("READY=1\nSTATUS=up");
    say("MAINPID=1");  // nothing that anybody had to be told
    serve();
    BOOST_REQUIRE_EQUAL(heard.size(), 1U);
    BOOST_CHECK(heard[0].ready);
    BOOST_CHECK_EQUAL(*heard[0].status, "up");
}

BOOST_FIXTURE_TEST_CASE(nobody_else_is, Fixture) {
    watch(getpid() + 1);
    say("READY=1");
    serve();
    BOOST_CHECK(heard.empty());
}

BOOST_FIXTURE_TEST_CASE(without_credentials_nobody_is, Fixture) {
    const int off = 0;
    BOOST_REQUIRE_EQUAL(setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &off, sizeof off), 0);
    watch(getpid());
    say("READY=1");
    serve();
    BOOST_CHECK(heard.empty());
}

BOOST_FIXTURE_TEST_CASE(what_is_too_long_says_nothing, Fixture) {
    watch(getpid());
    say("READY=1\nSTATUS=" + std::string(8000, 'x'));
    serve();
    BOOST_CHECK(heard.empty());
}

BOOST_FIXTURE_TEST_CASE(descriptors_are_not_taken, Fixture) {
    watch(getpid());
    const size_t before = open_descriptors();
    int fds[16];
    for (int& fd : fds)
        fd = STDERR_FILENO;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
    char text[] = "READY=1";
    iovec data = {text, strlen(text)};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    BOOST_REQUIRE_EQUAL(sendmsg(theirs.get(), &message, 0), 7);
    serve();
    BOOST_CHECK_EQUAL(open_descriptors(), before);
    BOOST_CHECK_EQUAL(heard.size(), 1U);
}

BOOST_FIXTURE_TEST_CASE(a_flood_waits_for_the_next_second, Fixture) {
    watch(getpid());
    size_t sent = 0;
    // The queue is shorter than a second's worth: whoever floods is served and then made to wait.
    for (int round = 0; round < 200 && heard.size() < NotifySocket::kMostPerSecond; round++) {
        while (send(theirs.get(), "READY=1", 7, MSG_DONTWAIT) == 7)
            sent++;
        serve(1000);
    }
    BOOST_CHECK_EQUAL(heard.size(), NotifySocket::kMostPerSecond);
    while (send(theirs.get(), "READY=1", 7, MSG_DONTWAIT) == 7)
        sent++;
    BOOST_REQUIRE_GT(sent, heard.size());
    const uint64_t before = loop->wakeups();
    serve(event::kSecond / 10);
    BOOST_CHECK_LE(loop->wakeups() - before, 2U);
    BOOST_CHECK_EQUAL(heard.size(), NotifySocket::kMostPerSecond);
    serve(event::kSecond + event::kSecond / 10);
    BOOST_CHECK_GT(heard.size(), NotifySocket::kMostPerSecond);
}
