// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/message.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <dirent.h>
#include <sys/socket.h>

#include "tests/unit/os/support.h"

using namespace boxctl;
using namespace os_test;

namespace {

struct Ends {
    UniqueFd near;
    UniqueFd far;
    Ends() {
        auto pair = need(os::make_socket_pair());
        near = std::move(pair.first);
        far = std::move(pair.second);
    }
    void say(std::string_view text, const std::vector<int>& fds = {}) const {
        need(os::send_message(near, std::as_bytes(std::span(text.data(), text.size())), fds));
    }
    [[nodiscard]] Result<os::Received> hear(size_t size) {
        buffer.assign(size, std::byte{0});
        return os::receive_message(far, buffer);
    }
    std::vector<std::byte> buffer;
};

size_t open_descriptors() {
    return need(os::list_directory(need(os::open_host("/proc/self/fd", O_RDONLY)))).size();
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(messages_keep_their_bounds, Ends) {
    say("one");
    say("three");
    BOOST_CHECK_EQUAL(need(hear(100)).bytes, 3U);
    BOOST_CHECK_EQUAL(memcmp(buffer.data(), "one", 3), 0);
    BOOST_CHECK_EQUAL(need(hear(5)).bytes, 5U);
    near.reset();
    BOOST_CHECK_EQUAL(need(hear(5)).bytes, 0U);
}

BOOST_FIXTURE_TEST_CASE(last_words_of_a_peer_that_did_not_listen_arrive, Ends) {
    say("why");
    const std::byte unread[1] = {};
    need(os::send_message(far, unread, {}));
    near.reset();
    BOOST_CHECK_EQUAL(need(hear(100)).bytes, 3U);
    BOOST_CHECK_EQUAL(memcmp(buffer.data(), "why", 3), 0);
    BOOST_CHECK_EQUAL(need(hear(100)).bytes, 0U);
}

BOOST_FIXTURE_TEST_CASE(descriptors_arrive_and_are_not_inherited, Ends) {
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    say("x", {ends[1], ends[0]});
    writer.reset();
    const os::Received received = need(hear(1));
    BOOST_REQUIRE_EQUAL(received.fds.size(), 2U);
    for (const UniqueFd& fd : received.fds)
        BOOST_CHECK_EQUAL(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
    BOOST_CHECK_EQUAL(write(received.fds[0].get(), "z", 1), 1);
    char got = 0;
    BOOST_CHECK_EQUAL(read(reader.get(), &got, 1), 1);
    BOOST_CHECK_EQUAL(got, 'z');
}

BOOST_FIXTURE_TEST_CASE(as_many_descriptors_as_allowed_and_no_more, Ends) {
    say("x", std::vector<int>(os::kMaxMessageFds, near.get()));
    BOOST_CHECK_EQUAL(need(hear(1)).fds.size(), os::kMaxMessageFds);
    const std::vector<int> many(os::kMaxMessageFds + 1, near.get());
    BOOST_CHECK_EQUAL(code_of(os::send_message(near, {}, many)), E2BIG);
    BOOST_CHECK_EQUAL(code_of(os::send_message(near, {}, std::vector<int>{-1})), EBADF);
}

BOOST_FIXTURE_TEST_CASE(a_message_that_is_cut_is_an_error_and_leaks_nothing, Ends) {
    const size_t before = open_descriptors();
    say("too long", {near.get(), near.get()});
    BOOST_CHECK_EQUAL(code_of(hear(3)), EMSGSIZE);
    BOOST_CHECK_EQUAL(open_descriptors(), before);
    // More descriptors than there is room for: MSG_CTRUNC.
    std::array<int, 30> many;
    many.fill(near.get());
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof many)] = {};
    char byte = 'x';
    iovec data = {&byte, 1};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof many);
    memcpy(CMSG_DATA(header), many.data(), sizeof many);
    BOOST_REQUIRE_EQUAL(sendmsg(near.get(), &message, 0), 1);
    BOOST_CHECK_EQUAL(code_of(hear(1)), EMSGSIZE);
    BOOST_CHECK_EQUAL(open_descriptors(), before);
}

BOOST_FIXTURE_TEST_CASE(a_dead_peer_is_an_error_not_a_signal, Ends) {
    far.reset();
    BOOST_CHECK_EQUAL(code_of(os::send_message(near, std::as_bytes(std::span("x", 1)), {})), EPIPE);
    BOOST_CHECK(!os::receive_message(BorrowedFd(-1), buffer));
}
