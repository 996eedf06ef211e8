// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/cli.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/settings/dump.h"
#include "lib/settings/refused.h"
#include "lib/settings/table.h"

using boxctl::join;
using boxctl::settings::CommandLine;
using boxctl::settings::Mode;
using Words = std::vector<std::string>;
namespace settings = boxctl::settings;

namespace {

const settings::Caller kCaller{"/home/u", {}};

boxctl::Result<CommandLine> parse(Mode mode, const Words& words) {
    return settings::parse_command_line(mode, words, kCaller);
}

std::string fault(Mode mode, const Words& words) {
    const auto line = parse(mode, words);
    return line ? "" : line.error().message();
}

settings::Settings good(Mode mode, const Words& words) {
    auto line = parse(mode, words);
    BOOST_REQUIRE_MESSAGE(line, join(words, " ") << ": " << (line ? "" : line.error().message()));
    BOOST_TEST((line->wish == CommandLine::Wish::start));
    return line->settings;
}

std::string first_fault(const settings::Settings& made) {
    const std::vector<std::string> faults = settings::validate(made);
    return faults.empty() ? "" : faults[0];
}

}  // namespace

BOOST_AUTO_TEST_CASE(options_stand_before_or_behind_the_root) {
    for (const Words& words :
         {Words{"-M", "web", "./root"}, Words{"./root", "-Mweb"},
          Words{"--machine=web", "-D", "./root"}, Words{"--machine", "web", "--directory=./root"},
          Words{"./root", "--machine", "web", "--"}}) {
        const settings::Settings made = good(Mode::boot, words);
        BOOST_TEST(made.image.directory.value == "./root");
        BOOST_TEST(made.image.machine.value == "web");
        BOOST_TEST(made.exec.arguments.value.empty());
        BOOST_TEST(first_fault(made) == "");
    }
}

BOOST_AUTO_TEST_CASE(the_command_starts_at_the_first_word_behind_the_root) {
    struct Case {
        Words words;
        Words command;
    };
    for (const Case& c : {Case{{"r"}, {}}, Case{{"r", "ls", "-l"}, {"ls", "-l"}},
                          Case{{"r", "-q", "ls", "-q", "--", "x"}, {"ls", "-q", "--", "x"}},
                          Case{{"r", "--", "-x"}, {"-x"}}, Case{{"r", "--"}, {}},
                          Case{{"-Dr", "ls", "--help"}, {"ls", "--help"}},
                          Case{{"r", "", "-q"}, {"", "-q"}}, Case{{"r", "-", "x"}, {"-", "x"}}}) {
        const settings::Settings made = good(Mode::run, c.words);
        BOOST_TEST(made.image.directory.value == "r");
        BOOST_TEST(made.exec.arguments.value == c.command, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(arguments_of_an_init_stand_behind_dashes) {
    const Words wanted = {"3", "--x", "--"};
    const settings::Settings made = good(Mode::boot, {"r", "-q", "--", "3", "--x", "--"});
    BOOST_TEST(made.exec.arguments.value == wanted, boost::test_tools::per_element());
    BOOST_TEST(fault(Mode::boot, {"r", "3"}) ==
               "unexpected word '3' behind the root 'r'; arguments of the init stand behind '--'");
}

BOOST_AUTO_TEST_CASE(letters_go_together) {
    const settings::Settings made = good(Mode::run, {"-xqPM", "web", "-nUD", "r", "-EA=1"});
    BOOST_TEST(made.image.ephemeral.value);
    BOOST_TEST(made.console.quiet.value);
    BOOST_TEST((made.console.console.value == settings::Console::pipe));
    BOOST_TEST(made.image.machine.value == "web");
    BOOST_TEST(made.network.veth.value);
    BOOST_TEST((made.exec.private_users.value.kind == settings::UserRange::Kind::pick));
    BOOST_TEST(made.exec.private_users.origin.text == "-U");
    BOOST_TEST(made.image.directory.value == "r");
    BOOST_TEST(made.exec.environment.value[0].name == "A");
}

BOOST_AUTO_TEST_CASE(optional_values_need_an_equals_sign) {
    BOOST_TEST(!good(Mode::boot, {"--private-network=no", "r"}).network.private_network.value);
    const settings::Settings made = good(Mode::run, {"--volatile", "r", "-n", "yes"});
    BOOST_TEST((made.image.volatile_.value == settings::Volatile::yes));
    BOOST_TEST(made.exec.arguments.value == Words{"yes"}, boost::test_tools::per_element());
    BOOST_TEST((good(Mode::boot, {"--private-users", "r"}).exec.private_users.value.kind ==
                settings::UserRange::Kind::pick));
}

BOOST_AUTO_TEST_CASE(wrong_options_are_told_with_the_nearest_right_one) {
    struct Case {
        Words words;
        const char* fault;
    };
    for (const Case& c : {
                 Case{{"r", "--hostnam=x"},
                      "unknown option '--hostnam'; did you mean '--hostname'?"},
                 Case{{"--tmpf", "r"}, "unknown option '--tmpf'; did you mean '--tmpfs'?"},
                 Case{{"--read", "r"}, "unknown option '--read'"},
                 Case{{"--completely-else"}, "unknown option '--completely-else'"},
                 Case{{"--\x1b[2J"}, "unknown option '--\\x1b[2J'"},
                 Case{{"-z", "r"}, "unknown option '-z'"},
                 Case{{"-qz", "r"}, "unknown option '-z'"},
                 Case{{"r", "--machine"}, "option '--machine' needs a value"},
                 Case{{"r", "-M"}, "option '-M' needs a value"},
                 Case{{"r", "--quiet=yes"}, "option '--quiet' takes no value"},
                 Case{{"r", "--user=x"}, "option '--user' is for 'boxctl run' only"},
                 Case{{"r", "--machine=a/b"},
                      "option '--machine=a/b': machine name 'a/b' contains '/'; letters, digits, "
                      "'-' and '.' are allowed"},
                 Case{{"r", "-D", "s"}, "two roots, 'r' and 's'"},
                 Case{{""}, "root directory is empty"},
         }) {
        const std::string text = fault(Mode::boot, c.words);
        BOOST_TEST(text.starts_with(c.fault), text);
    }
    BOOST_TEST(fault(Mode::run, {"r", "--init=/x"}) == "option '--init' is for 'boxctl boot' only");
}

BOOST_AUTO_TEST_CASE(help_stops_reading) {
    BOOST_TEST((parse(Mode::boot, {"r", "--help", "--nonsense"})->wish == CommandLine::Wish::help));
    BOOST_TEST((parse(Mode::run, {"-h"})->wish == CommandLine::Wish::help));
    BOOST_TEST((parse(Mode::run, {"--version"})->wish == CommandLine::Wish::version));
}

BOOST_AUTO_TEST_CASE(cleanup_of_nspawn_still_reads_the_name) {
    const std::vector<std::string> words = {"--cleanup", "--machine=web"};
    const auto line = settings::parse_nspawn_line(words, settings::Caller{"/", {}});
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST((line->wish == CommandLine::Wish::cleanup));
    BOOST_TEST(line->settings.image.machine.value == "web");
}

BOOST_AUTO_TEST_CASE(help_as_a_value_lists_the_words) {
    for (const char* option : {"kill-signal", "capability", "drop-capability", "rlimit",
                               "resolv-conf", "timezone", "console"}) {
        const auto line = parse(Mode::boot, {"--" + std::string(option) + "=help"});
        BOOST_REQUIRE(line);
        BOOST_TEST((line->wish == CommandLine::Wish::list), option);
        BOOST_TEST(line->choices.size() > 4U, option);
    }
    BOOST_TEST(good(Mode::boot, {"r", "--machine=help"}).image.machine.value == "help");
}

BOOST_AUTO_TEST_CASE(every_option_is_taken_by_the_verbs_it_is_for) {
    for (const settings::Row& row : settings::rows()) {
        if (!settings::is_option(row)) continue;
        for (const Mode mode : {Mode::boot, Mode::run}) {
            const std::string told = fault(mode, {settings::spelling(row)});
            const bool only = told.find("' only") != std::string::npos;
            BOOST_TEST((only || told.starts_with("option") || told.empty()), told);
            BOOST_TEST((settings::arity(row) == settings::Arity::required ||
                        settings::applies(row.verbs, mode) != only),
                       settings::spelling(row) << ": " << told);
        }
    }
}

BOOST_AUTO_TEST_CASE(contradictions_are_told_and_other_pairs_are_not) {
    struct Case {
        Mode mode;
        Words words;
        const char* fault;  // empty: none
    };
    const std::vector<Case> cases = {
            {Mode::boot, {}, "no root directory; write 'boxctl boot ROOT'"},
            {Mode::run, {"--", "ls"}, "no root directory; write 'boxctl run ROOT [COMMAND]'"},
            {Mode::boot, {"r", "--read-only", "-x"}, ""},
            {Mode::boot, {"r", "-x", "--volatile"}, "--ephemeral and --volatile both"},
            {Mode::boot, {"r", "-x", "--volatile=no"}, ""},
            {Mode::boot, {"r", "--read-only", "--volatile"}, "--read-only and --volatile=yes both"},
            {Mode::boot,
             {"r", "--read-only", "--volatile=overlay"},
             "--read-only and --volatile=o"},
            {Mode::boot, {"r", "--read-only", "--volatile=state"}, ""},
            {Mode::boot, {"r", "--chdir=/srv"}, ""},
            {Mode::run, {"r", "--chdir=/srv", "-u", "nobody"}, ""},
            {Mode::boot, {"r", "-n", "--private-network=no"}, "--network-veth needs"},
            {Mode::boot, {"r", "-n"}, ""},
            {Mode::boot, {"r", "--hostname=x", "--share=uts"}, "--hostname would rename"},
            {Mode::boot, {"r", "--share=uts,ipc"}, ""},
            {Mode::boot, {"r", "--clock-offset=yes", "--share=time"}, "--clock-offset needs"},
            {Mode::boot, {"r", "--clock-offset=no", "--share=time"}, ""},
            {Mode::boot, {"r", "--share=time"}, ""},
            {Mode::boot,
             {"r", "--capability=CHOWN,KILL", "--drop-capability=KILL,NET_RAW"},
             "--capability and --drop-capability both name CAP_KILL"},
            {Mode::boot, {"r", "--capability=CHOWN", "--drop-capability=KILL"}, ""},
            {Mode::boot, {"r", "--capability=all", "--drop-capability=KILL"}, ""},
            {Mode::boot, {"r", "--drop-capability=all", "--capability=KILL"}, ""},
            {Mode::boot, {"r", "--keep-unit", "--property=TasksMax=9"}, "--property needs"},
            {Mode::boot, {"r", "--keep-unit"}, ""},
            {Mode::boot, {"r", "--json"}, "--json is for --dry-run"},
            {Mode::boot, {"r", "--json", "--dry-run"}, ""},
    };
    for (const Case& c : cases) {
        const std::string told = first_fault(good(c.mode, c.words));
        if (*c.fault == '\0') {
            BOOST_TEST(told == "", join(c.words, " "));
        } else {
            BOOST_TEST(told.starts_with(c.fault), join(c.words, " ") << ": " << told);
        }
    }
}

BOOST_AUTO_TEST_CASE(all_contradictions_are_told_at_once) {
    const settings::Settings made =
            good(Mode::boot, {"-x", "--volatile", "-n", "--private-network=no"});
    BOOST_TEST(settings::validate(made).size() == 3U);
}

BOOST_AUTO_TEST_CASE(files_are_held_to_the_same_rules) {
    settings::Settings made = good(Mode::boot, {"r"});
    made.exec.user.value = "nobody";
    BOOST_TEST(first_fault(made) == "--user is for 'boxctl run'; an init runs as root");
    made = good(Mode::run, {"r"});
    made.exec.init.value = "/sbin/init";
    BOOST_TEST(first_fault(made) == "--init is for 'boxctl boot'; 'run' takes a command");
    made = good(Mode::run, {"r"});
    made.image.machine.value = "..";
    BOOST_TEST(first_fault(made).starts_with("machine name '..' "));
}

BOOST_AUTO_TEST_CASE(what_systemd_nspawn_knows_and_we_do_not_is_told) {
    for (const settings::RefusedRow& row : settings::refused_rows()) {
        const std::string spelled = "--" + std::string(row.option);
        const Words words =
                row.arity == settings::Arity::none ? Words{spelled} : Words{spelled + "=x"};
        BOOST_TEST(fault(Mode::boot, words) == spelled + ": " + std::string(row.why));
        BOOST_TEST(settings::find_option(row.option) == nullptr);
        if (row.letter != 0) BOOST_TEST(settings::find_letter(row.letter) == nullptr);
        if (!row.key.empty()) BOOST_TEST(settings::find_key(row.section, row.key) == nullptr);
    }
    BOOST_TEST(settings::refused_rows().size() > 25U);
}

BOOST_AUTO_TEST_CASE(systemd_nspawn_has_its_own_defaults) {
    const auto line = settings::parse_nspawn_line(Words{"-D", "r", "ls", "-b"}, kCaller);
    BOOST_REQUIRE(line.has_value());
    const settings::Settings& made = line->settings;
    BOOST_TEST((made.mode == Mode::run));
    BOOST_TEST(join(made.exec.arguments.value, " ") == "ls -b");
    BOOST_TEST(!made.network.is_private());
    BOOST_TEST((made.exec.private_users.value.kind == settings::UserRange::Kind::no));
    BOOST_TEST(made.security.share.value.time);
    const auto boot = settings::parse_nspawn_line(
            Words{"--boot", "-n", "-U", "--user=x", "--no-pager", "-M", "web", "a=b", "-x"},
            kCaller);
    BOOST_REQUIRE(boot.has_value());
    BOOST_TEST((boot->settings.mode == Mode::boot));
    BOOST_TEST(boot->settings.network.is_private());
    BOOST_TEST(join(boot->settings.exec.arguments.value, " ") == "a=b -x");
    BOOST_TEST(!boot->settings.image.ephemeral.value);
    BOOST_TEST(fault(Mode::boot, {"--boot"}) == "option '--boot' is for 'boxctl nspawn' only");
    BOOST_TEST(fault(Mode::boot, {"--no-pager"}) ==
               "option '--no-pager' is for 'boxctl nspawn' only");
}

BOOST_AUTO_TEST_CASE(the_dump_shows_values_and_who_set_them) {
    const settings::Settings made =
            good(Mode::run, {"r", "-Mweb", "--bind=/a", "--bind-ro=/b", "-EA=\x1b", "ls"});
    const std::string text = settings::print_settings(made);
    const auto shows = [&](const std::string& name, const std::string& rest) {
        for (const std::string& line : boxctl::split(text, '\n')) {
            const size_t equals = line.find(" = ");
            if (equals == std::string::npos) continue;
            const std::string squeezed = line.substr(equals + 3);
            if (line.starts_with(name + " ") && squeezed.starts_with(rest)) return true;
        }
        return false;
    };
    BOOST_TEST(shows("machine", "web "), text);
    BOOST_TEST(text.find("(--machine=web)") != std::string::npos, text);
    BOOST_TEST(shows("bind", "/a:/a"), text);
    BOOST_TEST(shows("bind-ro", "/b:/b"), text);
    BOOST_TEST(text.find("(--bind)") != std::string::npos, text);
    BOOST_TEST(shows("setenv", "A=\\x1b"), text);
    BOOST_TEST(shows("stop-timeout", "30"), text);
    BOOST_TEST(text.find("(default)") != std::string::npos, text);
    BOOST_TEST(text.find("hostname") == std::string::npos, text);
    BOOST_TEST(shows("arguments", "ls"), text);
}

BOOST_AUTO_TEST_CASE(the_json_dump_has_types) {
    const settings::Settings made = good(Mode::run, {"r", "-x", "--bind=/a", "ls", "-l"});
    const boxctl::json::Value dump = settings::settings_to_json(made);
    BOOST_TEST(*boxctl::json::get_string(dump, "mode") == "run");
    BOOST_TEST(*boxctl::json::get_bool(dump, "ephemeral") == true);
    BOOST_TEST(*boxctl::json::get_bool(dump, "read_only") == false);
    BOOST_TEST(boxctl::json::to_text(**boxctl::json::get_array(dump, "bind")) == "[\"/a:/a\"]");
    BOOST_TEST(boxctl::json::to_text(**boxctl::json::get_array(dump, "arguments")) ==
               "[\"ls\",\"-l\"]");
    BOOST_TEST(!boxctl::json::get_string(dump, "hostname").has_value());
}
