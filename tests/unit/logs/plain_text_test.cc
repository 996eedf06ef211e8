// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/plain_text.h"

#include <string>

#include <boost/test/unit_test.hpp>

using boxctl::logs::plain_text;

BOOST_AUTO_TEST_CASE(text_is_what_a_terminal_would_show_at_the_end) {
    const struct {
        std::string line, shown;
    } rows[] = {
            {"", ""},
            {"plain text", "plain text"},
            {"a\tb\t", "a\tb\t"},
            {"grüße €", "grüße €"},
            // colours and the cursor (systemd, OpenRC)
            {"[\x1b[0;32m  OK  \x1b[0m] Started", "[  OK  ] Started"},
            {"\x1b[1;34m * \x1b[0mMounting ...\x1b[59G \x1b[1;34m[ \x1b[1;32mok\x1b[m ]",
             " * Mounting ... [ ok ]"},
            {"\x1b[?25l\x1b[2J\x1b[1 qtext", "text"},
            {"\x1b(Btext\x1b=\x1b#8\x1b"
             "7",
             "text"},
            // strings: a title, the clipboard, a device control string
            {"\x1b]0;pwn\a.", "."},
            {"\x1b]52;c;cHdu\x1b\\.", "."},
            {"\x1bP$q\"p\x1b\\.\x1b_x\x1b\\\x1b^y\a\x1bXz\x1b\\", "."},
            // one that never ends hides nothing
            {"\x1b]0;the rest stays", "0;the rest stays"},
            {"\x1b]0;x\x1b[31mred", "red"},
            {"\x1b[12", ""},
            {"\x1b[12\x01"
             "3m",
             "3m"},
            {"\x1b", ""},
            {"\x1b\x1b[0mx", "x"},
            // progress and corrections
            {"10%\r20%\r", "20%"},
            {"\r\x1b[Kdone", "done"},
            {"roott\b \b", "root"},
            {"gr\xc3\xbc\bu", "gru"},
            {"\b\bx", "x"},
            // the rest
            {std::string("a\0b\x07\x0e\x0f\x7f"
                         "c",
                         8),
             "abc"},
            {"\x9b"
             "6n",
             "\\x9b6n"},
            {"\xc2\x9b"
             "6n",
             "\\xc2\\x9b6n"},
            {"\xff\xfe", "\\xff\\xfe"},
            {"\xe2\x80\xae"
             "evil",
             "\\xe2\\x80\\xaeevil"},
    };
    for (const auto& row : rows)
        BOOST_TEST(plain_text(row.line) == row.shown, plain_text(row.line) << " from " << row.line);
}

BOOST_AUTO_TEST_CASE(no_line_gives_a_terminal_anything_to_act_upon) {
    const std::string alphabet(
            "\x1b[]P\\\a\b\r\t\x9b\xc2"
            "0;m~ x\0\x7f\xff",
            21);
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        std::string line;
        for (int i = 0; i < 12; i++) {
            random = random * 1664525U + 1013904223U;
            line += alphabet[(random >> 16U) % alphabet.size()];
        }
        for (const char byte : plain_text(line)) {
            const auto value = static_cast<unsigned char>(byte);
            BOOST_REQUIRE((value == '\t' || (value >= ' ' && value < 0x7f)));
        }
    }
}
