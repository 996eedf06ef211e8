// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/unix_socket.h"

#include <cerrno>

#include "lib/os/message.h"
#include "tests/unit/os/support.h"

using namespace boxctl;
using namespace os_test;

BOOST_AUTO_TEST_CASE(who_connects_is_accepted_and_known) {
    const Directory directory;
    const std::string path = directory.at("socket");
    const UniqueFd listener = need(os::listen_unix(path));
    BOOST_TEST(code_of(os::accept_unix(listener)) == EAGAIN);
    const UniqueFd near = need(os::connect_unix(path));
    const UniqueFd far = need(os::accept_unix(listener));
    BOOST_TEST(need(os::peer_of(far)).pid == getpid());
    BOOST_TEST(need(os::peer_of(far)).uid == geteuid());
    std::byte byte{7};
    need(os::send_message(near, {&byte, 1}, {}));
    byte = std::byte{0};
    BOOST_TEST(need(os::receive_message(far, {&byte, 1})).bytes == 1U);
    BOOST_TEST((byte == std::byte{7}));
}

BOOST_AUTO_TEST_CASE(the_owner_alone_may_connect) {
    const Directory directory;
    const mode_t mask = umask(0);
    const UniqueFd listener = need(os::listen_unix(directory.at("socket")));
    umask(mask);
    struct stat status = {};
    BOOST_REQUIRE(stat(directory.at("socket").c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 07777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_socket_that_nobody_listens_at_is_replaced) {
    const Directory directory;
    const std::string path = directory.at("socket");
    BOOST_TEST(code_of(os::connect_unix(path)) == ENOENT);
    need(os::listen_unix(path)).reset();
    BOOST_TEST(code_of(os::connect_unix(path)) == ECONNREFUSED);
    const UniqueFd listener = need(os::listen_unix(path));
    need(os::connect_unix(path));
}

BOOST_AUTO_TEST_CASE(a_path_that_does_not_fit_is_refused) {
    const std::string path = "/tmp/" + std::string(200, 'x');
    BOOST_TEST(code_of(os::listen_unix(path)) == ENAMETOOLONG);
    BOOST_TEST(code_of(os::connect_unix(path)) == ENAMETOOLONG);
}
