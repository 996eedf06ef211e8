// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/ini.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using boxctl::settings::IniFile;
using boxctl::settings::parse_ini;

namespace {

// "LINE [SECTION] KEY=VALUE|", and "LINE! ODDITY|" behind them.
std::string read(const std::string& text) {
    const auto file = parse_ini(text);
    if (!file) return "error " + file.error().message();
    std::string shown;
    for (const auto& entry : file->entries) {
        shown += std::to_string(entry.line) + " [" + entry.section + "] " + entry.key + "=" +
                 entry.value + "|";
    }
    for (const auto& oddity : file->oddities)
        shown += std::to_string(oddity.line) + "! " + oddity.text + "|";
    return shown;
}

struct Case {
    std::string text;
    std::string shown;
};

}  // namespace

BOOST_AUTO_TEST_CASE(lines_are_read_as_systemd_reads_them) {
    for (const Case& c : {
                 Case{"", ""},
                 Case{"\n\n# [Exec]\n; A=1\n", ""},
                 Case{"[Exec]\nA=1\nB=2", "2 [Exec] A=1|3 [Exec] B=2|"},
                 Case{"[Exec]\r\nA=1\r\n", "2 [Exec] A=1|"},
                 Case{"\xef\xbb\xbf[Exec]\nA=1\n", "2 [Exec] A=1|"},
                 Case{"  [Exec]  \n \t A \t=  x y\t\n", "2 [Exec] A=x y|"},
                 Case{"[Exec]\nA=\nA=x\n", "2 [Exec] A=|3 [Exec] A=x|"},
                 Case{"[Exec]\nA=x=y = z\n", "2 [Exec] A=x=y = z|"},
                 Case{"[Exec]\nA=x:y : z\n", "2 [Exec] A=x:y : z|"},
                 Case{"[Exec]\nA=1\n[Files]\nB=2\n[Exec]\nC=3\n",
                      "2 [Exec] A=1|4 [Files] B=2|6 [Exec] C=3|"},
                 Case{"[Exec]\nA=\xc3\xa9\xff\n", "2 [Exec] A=\xc3\xa9\xff|"},
         }) {
        BOOST_TEST(read(c.text) == c.shown, c.text);
    }
}

BOOST_AUTO_TEST_CASE(what_inih_would_misread_arrives_as_written) {
    for (const Case& c : {
                 Case{"[S]\nA=x ; y # z\n", "2 [S] A=x ; y # z|"},
                 Case{"[S]\nA=;x\nB=#x\n", "2 [S] A=;x|3 [S] B=#x|"},
                 Case{"[S]\nA=x\n [T]\n B=y\n", "2 [S] A=x|4 [T] B=y|"},
                 Case{"[S]\nA=x\n  B=y\n", "2 [S] A=x|3 [S] B=y|"},
                 Case{"[S]\nA=x  y\t z\n", "2 [S] A=x  y\t z|"},
         }) {
        BOOST_TEST(read(c.text) == c.shown, c.text);
    }
}

BOOST_AUTO_TEST_CASE(a_backslash_at_the_end_continues_a_line) {
    for (const Case& c : {
                 Case{"[S]\nA=x\\\n  y\nB=1\n", "2 [S] A=x y|4 [S] B=1|"},
                 Case{"[S]\nA=x \\\n# no\n; no\n  y\n", "2 [S] A=x  y|"},
                 Case{"[S]\nA=x\\\\\nB=1\n", "2 [S] A=x\\\\|3 [S] B=1|"},
                 Case{"[S]\nA=x\\", "2 [S] A=x|"},
                 Case{"[S]\nA=\\\n\\\nB=1\n", "2 [S] A=B=1|"},
                 Case{"[S]\nA=x\\\n\nB=1\n", "2 [S] A=x|4 [S] B=1|"},
         }) {
        BOOST_TEST(read(c.text) == c.shown, c.text);
    }
}

BOOST_AUTO_TEST_CASE(long_lines_arrive_whole) {
    // Around inih's buffer, and with what it acts upon at every place of a piece.
    for (size_t length : {150U, 195U, 196U, 197U, 198U, 199U, 200U, 201U, 395U, 5000U, 100000U}) {
        for (const char* pattern : {"x", " y", "; #", "#", "[z]", "a\tb"}) {
            std::string value = "v";
            while (value.size() < length)
                value += pattern;
            value += "v";
            BOOST_TEST(read("[S]\nKey=" + value + "\nB=1\n") ==
                       "2 [S] Key=" + value + "|3 [S] B=1|");
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_assignment_is_told_with_its_line) {
    const std::string long_name(50, 'k');
    for (const Case& c : {
                 Case{"A=1\n[S]\nB=2\n", "3 [S] B=2|1! assignment outside of a section|"},
                 Case{"[S]\nnonsense\nB=2\n", "3 [S] B=2|2! no '=' in 'nonsense'|"},
                 Case{"[S]\nA: 1\n", "2! no '=' in 'A: 1'|"},
                 Case{"[S]\n=1\n", "2! no name of a setting: ''|"},
                 Case{"[S]\nA:B=1\n", "2! no name of a setting: 'A:B'|"},
                 Case{"[S]\n" + long_name + "=1\n",
                      "2! no name of a setting: '" + long_name + "'|"},
                 Case{"[]\nA=1\n[S]\nB=2\n", "4 [S] B=2|1! no name of a section: ''|"},
                 Case{"[" + long_name + "]\nA=1\n",
                      "1! no name of a section: '" + long_name + "'|"},
         }) {
        BOOST_TEST(read(c.text) == c.shown, c.text);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_carried_is_an_error) {
    for (const Case& c : {
                 Case{"[S]\nA=\x01\n", "error 2: holds a control character"},
                 Case{std::string("[S]\nA=x\0y\n", 10), "error 2: holds a control character"},
                 Case{"[S]\nA=x\\\n\x1b\n", "error 3: holds a control character"},
                 Case{"[S]\nA=a\rb\n", "error 2: holds a control character"},
                 Case{"[S\nA=1\n", "error 1: section header does not end: '[S'"},
                 Case{"[S] x\n", "error 1: section header does not end: '[S] x'"},
                 Case{"[S]]\n", "error 1: section header does not end: '[S]]'"},
                 Case{"[", "error 1: section header does not end: '['"},
         }) {
        BOOST_TEST(read(c.text) == c.shown, c.text);
    }
}
