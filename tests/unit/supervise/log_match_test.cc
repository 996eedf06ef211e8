// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/log_match.h"

#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

using boxctl::supervise::LogMatch;

BOOST_AUTO_TEST_CASE(lines_and_what_may_become_one) {
    const struct {
        const char* pattern;
        std::vector<std::string_view> pieces;
        bool found;
    } cases[] = {
            {"ready", {"not yet\nready\n"}, true},
            {"ready", {"not yet\nalready there\n"}, true},
            {"^ready$", {"already\nready now\n"}, false},
            {"^ready$", {"ready\r\n"}, true},
            {"login: $", {"alpine lo", "gin: "}, true},
            {"a.*b", {"a\nb\n"}, false},
            {"Reached target",
             {"[\x1b[0;32m  OK  \x1b[0m] Reached \x1b[0;1mtarget\x1b[0m X\n"},
             true},
            {"OK  ] R", {"[\x1b[0;32m  OK  \x1b[0", "m] R\n"}, true},
            {"^b$", {"\x1b(\nb\n"}, true},
            {"^ab$", {"a\x07\x7f", "b\n"}, true},
            {"x{3}|y+z", {"xxyyz"}, true},
            {"x{3}|y+z", {"xxyy"}, false},
    };
    for (const auto& [pattern, pieces, found] : cases) {
        LogMatch match(pattern);
        bool any = false;
        for (const std::string_view piece : pieces)
            any |= match.feed(piece);
        BOOST_CHECK_MESSAGE(any == found, pattern << " in " << pieces.front());
    }
}

BOOST_AUTO_TEST_CASE(a_line_without_an_end_is_looked_at_as_far_as_it_counts) {
    LogMatch match("needle");
    const std::string hay(LogMatch::kLongestLine, 'x');
    BOOST_CHECK(!match.feed(hay));
    BOOST_CHECK(!match.feed(std::string_view("needle")));
    BOOST_CHECK(!match.feed(std::string_view("\n")));
    BOOST_CHECK(match.feed(std::string_view("needle")));
}

BOOST_AUTO_TEST_CASE(no_line_makes_it_explode) {
    // Determinizing this takes 2^20 states for a line that has all combinations.
    LogMatch match("(a|b)*a(a|b){20}c$");
    std::string line;
    unsigned random = 1;
    for (size_t i = 0; i < 200000; i++) {
        random = random * 1103515245 + 12345;
        line += i % 300 == 299 ? '\n' : (random >> 16U & 1U) != 0 ? 'a' : 'b';
    }
    BOOST_CHECK(!match.feed(line));
}
