// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/past.h"

#include <boost/test/unit_test.hpp>

using boxctl::console::past_of;

namespace {

struct Row {
    std::string_view output;
    std::string_view past;
};

}  // namespace

BOOST_AUTO_TEST_CASE(text_colours_and_line_ends_stay) {
    for (const std::string_view text :
         {"login: ", "a\r\nb\tc\b", "\x1b[31mred\x1b[0m", "\x1b[m", "\x1b[38;2;1;2;3mx",
          "\x1b[4:3mx", "pl\xc3\xa4in \xe2\x9b\xb5"}) {
        BOOST_TEST(past_of(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(what_a_terminal_would_answer_or_keep_goes) {
    constexpr Row kRows[] = {
            {"a\x1b[6nb", "ab"},          // where is the cursor
            {"a\x1b[cb\x1b[>cc", "abc"},  // who are you
            {"a\x05"                      // the same, ENQ
             "b",
             "ab"},
            {"a\x1b]0;title\x07"  // title
             "b",
             "ab"},
            {"a\x1b]11;?\x1b\\b", "ab"},  // which colour
            {"a\x1bP$qm\x1b\\b", "ab"},   // which setting
            {"a\x1b[?1049hb", "ab"},      // other screen
            {"a\x1b[?1000hb", "ab"},      // reports of the mouse
            {"a\x1b[>4;2mb", "ab"},       // keyboard, ends in m
            {"a\x1b[?4mb", "ab"},         // asks for that
            {"a\x1b[2J\x1b[Hb", "ab"},    // cleared
            {"a\x1b(0b\x1b"               // character set
             "7c",
             "abc"},
            {"a\x07\x0e\x7f"  // bell, shift out, DEL
             "b",
             "ab"},
            {"a\x1b", "a"},  // the beginning of one
            {"a\x1b[31", "a"},
            {"a\x1b]0;without end", "a0;without end"},
            {"a\xc2\x9b"
             "6nb",
             "a\\xc2\\x9b6nb"},  // CSI as one character
            {"a\x9b"
             "6nb",
             "a\\x9b6nb"},  // and as one byte
    };
    for (const Row& row : kRows)
        BOOST_TEST(past_of(row.output) == row.past);
}
