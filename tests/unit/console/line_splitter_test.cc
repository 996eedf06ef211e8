// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/line_splitter.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using boxctl::console::kLongestPiece;
using boxctl::console::LineSplitter;

namespace {

/// Pieces as text: "|" behind one that ends its line, "+" behind one that does not.
struct Collected {
    std::string text;
    size_t longest = 0;
    void operator()(std::string_view piece, bool ends_line) {
        text.append(piece);
        text += ends_line ? '|' : '+';
        longest = std::max(longest, piece.size());
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(lines_do_not_depend_on_how_bytes_arrive) {
    const std::string text = "one\r\ntwo\n\r\n\nca\rrriage\r\r\nlast";
    const std::string want = "one|two|||ca\rrriage\r|last+";
    for (size_t size = 1; size <= text.size(); size++) {
        LineSplitter splitter;
        Collected got;
        for (size_t at = 0; at < text.size(); at += size)
            splitter.feed(std::string_view(text).substr(at, size), std::ref(got));
        splitter.flush(std::ref(got));
        BOOST_TEST(got.text == want);
    }
}

BOOST_AUTO_TEST_CASE(flush_in_the_middle_of_a_line_loses_nothing) {
    LineSplitter splitter;
    Collected got;
    splitter.flush(std::ref(got));
    BOOST_TEST(!splitter.pending());
    splitter.feed(std::string_view("login: "), std::ref(got));
    BOOST_TEST(splitter.pending());
    splitter.flush(std::ref(got));
    BOOST_TEST(!splitter.pending());
    splitter.flush(std::ref(got));
    splitter.feed(std::string_view("root\r"), std::ref(got));
    splitter.flush(std::ref(got));
    BOOST_TEST(!splitter.pending());
    splitter.feed(std::string_view("\n"), std::ref(got));
    BOOST_TEST(got.text == "login: +root+|");
}

BOOST_AUTO_TEST_CASE(endless_line_comes_in_bounded_pieces) {
    LineSplitter splitter;
    Collected got;
    const std::string piece(kLongestPiece, 'x');
    for (int i = 0; i < 3; i++)
        splitter.feed(piece, std::ref(got));
    splitter.feed(std::string_view("\n"), std::ref(got));
    BOOST_TEST(got.text == piece + "+" + piece + "+" + piece + "|");
    BOOST_TEST(got.longest == kLongestPiece);
}

BOOST_AUTO_TEST_CASE(any_byte_but_the_line_end_is_content) {
    LineSplitter splitter;
    Collected got;
    const std::string odd("\0\x1b[2J\xff\x80", 7);
    splitter.feed(odd + "\n", std::ref(got));
    BOOST_TEST(got.text == odd + "|");
}
