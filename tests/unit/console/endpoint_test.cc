// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/endpoint.h"

#include <sys/stat.h>

#include "tests/unit/console/support.h"

using boxctl::console::Endpoint;
using namespace console_test;

BOOST_AUTO_TEST_CASE(full_output_says_so_instead_of_blocking) {
    const struct {
        const char* name;
        Pair (*make)();
    } kinds[] = {{"terminal", make_terminal}, {"pipe", make_pipe}, {"socket", make_sockets}};
    for (const auto& kind : kinds) {
        BOOST_TEST_CONTEXT(kind.name) {
            const Pair pair = kind.make();
            const Endpoint end = need(Endpoint::open(pair.far, Endpoint::Use::output));
            BOOST_TEST_REQUIRE(end.never_blocks());
            BOOST_TEST(end.is_terminal() == (kind.make == make_terminal));
            const std::string piece(4096, 'x');
            auto written = end.write(piece);
            while (written)
                written = end.write(piece);
            BOOST_TEST(written.error().code() == EAGAIN);
            BOOST_TEST(!is_nonblocking(pair.far));
        }
    }
}

BOOST_AUTO_TEST_CASE(empty_input_says_so_instead_of_blocking) {
    const struct {
        const char* name;
        Pair (*make)();
    } kinds[] = {{"terminal", make_terminal}, {"socket", make_sockets}};
    for (const auto& kind : kinds) {
        BOOST_TEST_CONTEXT(kind.name) {
            const Pair pair = kind.make();
            const Endpoint end = need(Endpoint::open(pair.far, Endpoint::Use::input));
            char byte = 0;
            const auto count = end.read({&byte, 1});
            BOOST_REQUIRE(!count);
            BOOST_TEST(count.error().code() == EAGAIN);
            BOOST_TEST(!is_nonblocking(pair.far));
        }
    }
}

BOOST_AUTO_TEST_CASE(master_of_a_terminal_is_not_opened_anew) {
    const Pair tty = make_terminal();
    const Endpoint end = need(Endpoint::open(tty.near, Endpoint::Use::output));
    BOOST_TEST(end.is_terminal());
    BOOST_TEST(!end.never_blocks());
    const std::string text(1000, 'x');
    BOOST_TEST(need(end.write(text)) == 256U);  // a small piece: it must fit
    BOOST_TEST(read_now(tty.far).size() == 256U);
}

BOOST_AUTO_TEST_CASE(closed_descriptor_is_an_error) {
    const auto end = Endpoint::open(BorrowedFd(-1), Endpoint::Use::input);
    BOOST_REQUIRE(!end);
    BOOST_TEST(end.error().code() == EBADF);
}
