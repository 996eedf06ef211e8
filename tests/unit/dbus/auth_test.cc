// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/auth.h"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace boxctl;

namespace {

const std::string kId = "0123456789abcdef0123456789abcdef";

std::string with_nul(const std::string& text) {
    return std::string(1, '\0') + text;
}

std::string answer(dbus::Handshake& handshake, std::string input) {
    const auto output = handshake.advance(input);
    BOOST_REQUIRE(output);
    return *output;
}

}  // namespace

BOOST_AUTO_TEST_CASE(sd_bus_gets_the_answers_it_compares) {
    dbus::Handshake handshake(kId);
    std::string input = with_nul("AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\1\0\1");
    const auto output = handshake.advance(input);
    BOOST_REQUIRE(output);
    BOOST_TEST(*output == "DATA\r\nOK " + kId + "\r\nAGREE_UNIX_FD\r\n");
    BOOST_TEST(handshake.done());
    BOOST_TEST(handshake.passes_fds());
    BOOST_TEST(input.substr(0, 2) == "l\1");
}

BOOST_AUTO_TEST_CASE(libdbus_gets_an_answer_to_each_line) {
    dbus::Handshake handshake(kId);
    BOOST_TEST(answer(handshake, with_nul("AUTH\r\n")) == "REJECTED EXTERNAL\r\n");
    BOOST_TEST(answer(handshake, "AUTH EXTERNAL 30\r\n") == "OK " + kId + "\r\n");
    BOOST_TEST(answer(handshake, "NEGOTIATE_UNIX_FD\r\n") == "AGREE_UNIX_FD\r\n");
    BOOST_TEST(answer(handshake, "BEGIN\r\n").empty());
    BOOST_TEST(handshake.done());
}

BOOST_AUTO_TEST_CASE(half_a_line_waits_for_the_rest) {
    dbus::Handshake handshake(kId);
    std::string input = with_nul("AUTH EXTER");
    BOOST_REQUIRE(handshake.advance(input));
    BOOST_TEST(input == "AUTH EXTER");
    input += "NAL\r";
    BOOST_REQUIRE(handshake.advance(input));
    input += "\n";
    const auto output = handshake.advance(input);
    BOOST_REQUIRE(output);
    BOOST_TEST(*output == "DATA\r\n");
}

BOOST_AUTO_TEST_CASE(nobody_else_and_nothing_else_gets_in) {
    for (const char* line : {"AUTH EXTERNAL 31303030", "AUTH ANONYMOUS", "AUTH DBUS_COOKIE_SHA1 30",
                             "BEGIN", "NEGOTIATE_UNIX_FD", "DATA 30", "", "auth external 30"}) {
        dbus::Handshake handshake(kId);
        const std::string output = answer(handshake, with_nul(std::string(line) + "\r\nBEGIN\r\n"));
        BOOST_TEST(!handshake.done(), line);
        BOOST_TEST(output.find("OK") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(data_of_another_user_is_rejected) {
    dbus::Handshake handshake(kId);
    BOOST_TEST(answer(handshake, with_nul("AUTH EXTERNAL\r\nDATA 31\r\n")) ==
               "DATA\r\nREJECTED EXTERNAL\r\n");
}

BOOST_AUTO_TEST_CASE(chatter_ends_the_connection) {
    dbus::Handshake no_nul(kId);
    std::string input = "AUTH EXTERNAL\r\n";
    BOOST_TEST(!no_nul.advance(input));
    dbus::Handshake endless(kId);
    input = with_nul(std::string(1000, 'x'));
    BOOST_TEST(!endless.advance(input));
    dbus::Handshake stubborn(kId);
    input = with_nul("");
    for (int i = 0; i < 100; i++)
        input += "AUTH\r\n";
    BOOST_TEST(!stubborn.advance(input));
}
