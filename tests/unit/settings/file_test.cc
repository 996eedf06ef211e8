// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of settings: keys to rows, trust, and what the command line masks.
#include "lib/settings/file.h"

#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/settings/dump.h"
#include "lib/settings/layers.h"

using boxctl::join;
namespace settings = boxctl::settings;
using settings::Mode;
using Words = std::vector<std::string>;

namespace {

const settings::Caller kCaller{"/home/u", {"SECRET=s3cret", "HOME=/home/u"}};
const std::string kPlace = "/etc/systemd/nspawn/web.nspawn";

settings::FileSettings read(const std::string& text, bool trusted = true) {
    auto file = settings::read_file_settings({kPlace, text, trusted});
    BOOST_REQUIRE_MESSAGE(file, (file ? "" : file.error().message()));
    return std::move(file).value();
}

boxctl::Result<settings::Settings> combine(const std::string& text, const Words& options,
                                           Mode mode = Mode::boot, bool trusted = true) {
    const auto line = settings::parse_command_line(mode, options, kCaller);
    BOOST_REQUIRE(line.has_value());
    std::vector<settings::Statement> files = read(text, trusted).statements;
    settings::drop_foreign(files, line->settings);
    return settings::combine(*line, files, kCaller);
}

/// What came out, one "name = value (origin)" a setting that is not at its default.
std::string outcome(const std::string& text, const Words& options, Mode mode = Mode::boot,
                    bool trusted = true) {
    const auto made = combine(text, options, mode, trusted);
    if (!made) return made.error().message();
    Words lines;
    for (const std::string& line : boxctl::split(settings::print_settings(*made), '\n')) {
        if (line.empty() || line.ends_with("(default)")) continue;
        if (line.starts_with("directory") || line.starts_with("settings ")) continue;
        std::string shown;
        for (const char c : line) {
            if (c != ' ' || (!shown.empty() && shown.back() != ' ')) shown += c;
        }
        lines.push_back(shown);
    }
    return join(lines, "\n");
}

settings::Settings started(Mode mode) {
    settings::Settings line;
    line.mode = mode;
    return line;
}

std::string at(unsigned line) {
    return "(" + kPlace + ":" + std::to_string(line) + ")";
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_file_changes_nothing) {
    for (const char* text :
         {"", "\n", "# only words\n", "[Exec]\n", "[Exec]\n[Files]\n[Network]\n"}) {
        BOOST_TEST(outcome(text, {"r"}) == "");
        BOOST_TEST(read(text).warnings.empty());
    }
}

BOOST_AUTO_TEST_CASE(values_know_their_line) {
    BOOST_TEST(outcome("[Exec]\nHostname=web1\n\n[Files]\nBind=/a\nBind=/b:/c\nReadOnly=yes\n",
                       {"r"}) == "read-only = yes " + at(7) + "\nhostname = web1 " + at(2) +
                                         "\nbind = /a:/a " + at(5) + "\nbind = /b:/c " + at(6));
}

BOOST_AUTO_TEST_CASE(words_of_one_value_are_values_of_their_own) {
    BOOST_TEST(outcome("[Exec]\nEnvironment=A=1 \"B=two words\" 'C=it''s'\n", {"r"}) ==
               "setenv = A=1 " + at(2) + "\nsetenv = B=two words " + at(2) + "\nsetenv = C=its " +
                       at(2));
    BOOST_TEST(outcome("[Exec]\nDropCapability=CAP_CHOWN CAP_KILL\n", {"r"}) ==
               "drop-capability = CAP_CHOWN,CAP_KILL " + at(2));
    BOOST_TEST(outcome("[Exec]\nParameters=a \"\" 'b c'\n", {"r"}, Mode::run) ==
               "arguments = a " + at(2) + "\narguments = " + at(2) + "\narguments = b c " + at(2));
    BOOST_TEST(!settings::read_file_settings({"f", "[Exec]\nEnvironment=\"A=1\n", true}));
}

BOOST_AUTO_TEST_CASE(limits_are_a_family_of_keys) {
    BOOST_TEST(outcome("[Exec]\nLimitNOFILE=1024:2048\nLimitCORE=0\n", {"r"}) ==
               "rlimit = NOFILE=1024:2048 " + at(2) + "\nrlimit = CORE=0:0 " + at(3));
    BOOST_TEST(outcome("[Exec]\nLimitNOPE=1\n", {"r"}).starts_with(kPlace + ":2: Limit*: "));
    BOOST_TEST(read("[Exec]\nLimit=1\n").warnings.size() == 1U);
    // Each is masked alone.
    BOOST_TEST(outcome("[Exec]\nLimitNOFILE=1024:2048\nLimitCORE=0\n", {"r", "--rlimit=CORE=5"}) ==
               "rlimit = NOFILE=1024:2048 " + at(2) + "\nrlimit = CORE=5:5 (--rlimit)");
}

BOOST_AUTO_TEST_CASE(an_empty_value_takes_back_what_files_said_before) {
    BOOST_TEST(outcome("[Files]\nBind=/a\nBind=\nBind=/b\n", {"r"}) == "bind = /b:/b " + at(4));
    BOOST_TEST(outcome("[Exec]\nHostname=a\nHostname=\n", {"r"}) == "");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_is_an_error_with_its_place) {
    BOOST_TEST(outcome("[Exec]\n\nHostname=a b\n", {"r"})
                       .starts_with(kPlace + ":3: Hostname: host name 'a b' contains ' '"));
    BOOST_TEST(outcome("[Files]\nBind=data\n", {"r"}) ==
               kPlace + ":2: Bind: source 'data' is not absolute");
    // The caller's environment is not the file's to show.
    BOOST_TEST(outcome("[Exec]\nEnvironment=SECRET\n", {"r"}) ==
               kPlace + ":2: Environment: variable 'SECRET' has no value; write NAME=VALUE");
}

BOOST_AUTO_TEST_CASE(unknown_names_are_told_with_the_nearest_known_one) {
    struct Case {
        const char* text;
        std::string warning;
    };
    for (const Case& c : {
                 Case{"[Exec]\nHostnam=x\n",
                      ":2: unknown key 'Hostnam' in [Exec], ignored; did you mean 'Hostname'?"},
                 Case{"[Exec]\nBind=/x\n",
                      ":2: unknown key 'Bind' in [Exec], ignored; it belongs to [Files]"},
                 Case{"[Exec]\nZZZZZZZZ=x\n", ":2: unknown key 'ZZZZZZZZ' in [Exec], ignored"},
                 Case{"[Exce]\nBoot=yes\nUser=x\n",
                      ":2: unknown section [Exce], ignored; did you mean [Exec]?"},
                 Case{"[Exec]\nX-Mine=1\n[X-Other]\nA=1\n", ""},
                 Case{"[Exec]\nBoot\n", ":2: no '=' in 'Boot', ignored"},
         }) {
        const settings::FileSettings made = read(c.text);
        BOOST_TEST(made.statements.empty());
        BOOST_TEST(join(made.warnings, "\n") == (c.warning.empty() ? "" : kPlace + c.warning));
    }
}

BOOST_AUTO_TEST_CASE(a_file_beside_the_tree_gains_nothing) {
    size_t privileged = 0;
    for (const settings::Row& row : settings::rows()) {
        if (row.key.empty()) continue;
        std::string key(row.key);
        if (key.ends_with('*')) key = key.substr(0, key.size() - 1) + "NOFILE";
        const std::string text = "[" + std::string(row.section) + "]\n" + key + "=1\n";
        const settings::FileSettings untrusted = read(text, false);
        const settings::FileSettings trusted = read(text, true);
        BOOST_TEST(trusted.statements.size() == 1U, key);
        if (row.trust == settings::Trust::any) {
            BOOST_TEST(untrusted.statements.size() == 1U, key);
            continue;
        }
        privileged++;
        BOOST_TEST(untrusted.statements.empty(), key);
        BOOST_REQUIRE(untrusted.warnings.size() == 1U);
        BOOST_TEST(untrusted.warnings[0].find(
                           "'" + key + "' is not taken from a file beside the tree, ignored") !=
                   std::string::npos);
        // And nobody else lets it through.
        settings::Settings made;
        const settings::Origin origin{settings::Source::file, "web.nspawn:2"};
        BOOST_TEST(!settings::assign(row, made, {"1", origin, kCaller, false}).has_value(), key);
    }
    BOOST_TEST(privileged > 15U);
}

BOOST_AUTO_TEST_CASE(the_keys_that_systemd_nspawn_does_not_trust_are_not_trusted) {
    // systemd.nspawn(5) and the source of 262, apart from our table.
    const std::map<std::string, Words> keys = {
            {"Exec", {"Ephemeral", "Capability", "MachineID", "PrivateUsers", "LimitNOFILE"}},
            {"Files",
             {"Bind", "BindReadOnly", "TemporaryFileSystem", "Overlay", "OverlayReadOnly",
              "Inaccessible"}},
            {"Network", {"Private", "VirtualEthernet"}}};
    for (const auto& [section, names] : keys) {
        for (const std::string& name : names) {
            const settings::Row* row = settings::find_key(section, name);
            BOOST_REQUIRE_MESSAGE(row != nullptr, name);
            BOOST_TEST(!settings::is_allowed(*row, "x", false), name);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_command_line_masks_whole_groups) {
    struct Case {
        const char* text;
        Words options;
        std::string outcome;
    };
    for (const Case& c : {
                 Case{"[Files]\nBind=/a\nTemporaryFileSystem=/t\n",
                      {"r", "--inaccessible=/x"},
                      "inaccessible = /x (--inaccessible)"},
                 Case{"[Network]\nVirtualEthernet=yes\nPrivate=no\n",
                      {"r", "--private-network"},
                      "private-network = yes (--private-network)"},
                 Case{"[Exec]\nCapability=CAP_SYS_TIME\nDropCapability=CAP_KILL\n",
                      {"r", "--drop-capability=CAP_CHOWN"},
                      "drop-capability = CAP_CHOWN (--drop-capability)"},
                 Case{"[Exec]\nEnvironment=A=1 B=2\n", {"r", "-EB=3"}, "setenv = B=3 (--setenv)"},
                 Case{"[Exec]\nHostname=file\nTimezone=off\n",
                      {"r", "--hostname=line"},
                      "hostname = line (--hostname=line)\ntimezone = off " + at(3)},
                 Case{"[Exec]\nParameters=a b\n", {"r", "--", "c"}, "arguments = c (arguments)"},
         }) {
        BOOST_TEST(outcome(c.text, c.options) == c.outcome, c.text);
    }
}

BOOST_AUTO_TEST_CASE(an_overriding_file_masks_whole_groups_of_the_command_line) {
    struct Case {
        const char* text;
        Words options;
        std::string outcome;
    };
    for (const Case& c : {
                 Case{"[Files]\nBind=/a\n",
                      {"r", "--tmpfs=/x", "--bind=/b"},
                      "bind = /a:/a " + at(2)},
                 Case{"[Exec]\nHostname=file\n",
                      {"r", "--hostname=line", "--timezone=off"},
                      "hostname = file " + at(2) + "\ntimezone = off (--timezone=off)"},
                 Case{"[Network]\nPrivate=yes\n", {"r", "-n"}, "private-network = yes " + at(2)},
         }) {
        Words options = c.options;
        options.emplace_back("--settings=override");
        BOOST_TEST(outcome(c.text, options) == c.outcome, c.text);
    }
}

BOOST_AUTO_TEST_CASE(the_verb_says_what_is_started) {
    const char* for_init = "[Exec]\nBoot=yes\nParameters=--log-level=debug\n";
    const char* for_command = "[Exec]\nBoot=no\nParameters=ls -l\n";
    const std::string one = "arguments = --log-level=debug " + at(3);
    const std::string two = "arguments = ls " + at(3) + "\narguments = -l " + at(3);
    BOOST_TEST(outcome(for_init, {"r"}, Mode::boot) == one);
    BOOST_TEST(outcome(for_init, {"r"}, Mode::run) == "");
    BOOST_TEST(outcome(for_command, {"r"}, Mode::boot) == "");
    BOOST_TEST(outcome(for_command, {"r"}, Mode::run) == two);
}

BOOST_AUTO_TEST_CASE(what_only_the_other_verb_has_is_told) {
    auto files = read("[Exec]\nUser=alice\nProcessTwo=yes\n").statements;
    BOOST_TEST(join(settings::drop_foreign(files, started(Mode::boot)), "|") ==
               kPlace + ":2: 'User' is for 'boxctl run' only, ignored|" + kPlace +
                       ":3: 'ProcessTwo' is for 'boxctl run' only, ignored");
    BOOST_TEST(files.empty());
    files = read("[X-Boxctl]\nInit=/x\n").statements;
    BOOST_TEST(join(settings::drop_foreign(files, started(Mode::run)), "|") ==
               kPlace + ":2: 'Init' is for 'boxctl boot' only, ignored");
}

BOOST_AUTO_TEST_CASE(two_mounts_of_one_place_are_told_apart) {
    const auto made = combine("[Files]\nBind=/a:/x\nTemporaryFileSystem=/x\n", {"r"});
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(made->files.binds.value[0].origin.text == kPlace + ":2");
    BOOST_TEST(made->files.tmpfs.value[0].origin.text == kPlace + ":3");
}
