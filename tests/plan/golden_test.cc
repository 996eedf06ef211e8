// SPDX-License-Identifier: LGPL-2.1-or-later
// Golden plans: each folder tests/golden/CASE/ holds
//
//     args      the command line, one word a line; the first is boot, run or nspawn
//     NAME.nspawn   optional: a file of the administrator's; beside.nspawn: one that came with the
//               image; NAME.box
//     facts     optional: base=NAME and single facts of it (fixture.h)
//     like      optional: the case that this one is compared with
//     plan.txt  what comes out: "warning: ..." lines and the plan, or "error: ..." lines. With
//     `like`, only the lines that
//               differ from that case's: "-" there, "+" here. The numbers of mounts are left out
//               of those.
//
// `make bless` (BLESS=1) writes plan.txt anew; the change is then read in the diff.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/plan/plan.h"
#include "lib/settings/cli.h"
#include "lib/settings/layers.h"
#include "lib/settings/table.h"
#include "tests/plan/fixture.h"

namespace {

namespace fs = std::filesystem;
namespace settings = boxctl::settings;
using plan_test::Fact;
using Lines = std::vector<std::string>;

const fs::path kGolden = BOXCTL_GOLDEN;
const settings::Caller kCaller{plan_test::kCallerDirectory, {"HOME=/home/admin", "EDITOR=vi"}};

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Lines lines_of(const std::string& text) {
    Lines lines = boxctl::split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

Lines words_of(const std::string& name) {
    return lines_of(content(kGolden / name / "args"));
}

std::vector<Fact> facts_of(const std::string& name) {
    std::vector<Fact> facts;
    for (const std::string& line : lines_of(content(kGolden / name / "facts"))) {
        const size_t equals = line.find('=');
        BOOST_REQUIRE_MESSAGE(equals != std::string::npos, name << ": no fact: " << line);
        facts.push_back({line.substr(0, equals), line.substr(equals + 1)});
    }
    return facts;
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kGolden)) {
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string plan_text(const std::string& name, const settings::Settings& wanted) {
    auto world = plan_test::make_world(facts_of(name), wanted.image.directory.value, wanted.mode);
    auto credentials = boxctl::host::read_credentials(wanted);
    if (!credentials) return "error: " + credentials.error().message() + "\n";
    world.host.credentials = std::move(credentials).value();
    const auto plan = boxctl::plan::make_plan(wanted, world.host, world.root);
    if (!plan) return "error: " + plan.error().message() + "\n";
    return wanted.tool.json.value ? boxctl::plan::print_plan_json(*plan)
                                  : boxctl::plan::print_plan(*plan);
}

std::vector<std::string> settings_files(const std::string& name) {
    std::vector<std::string> files;
    for (const char* kind : {".nspawn", ".box"}) {
        for (const auto& entry : fs::directory_iterator(kGolden / name)) {
            if (entry.path().extension() == kind) files.push_back(entry.path().filename().string());
        }
    }
    return files;
}

/// The settings with those of the case's files; warnings are added to `text`.
boxctl::Result<settings::Settings> with_files(const std::string& name,
                                              const settings::CommandLine& line,
                                              const settings::Row* without, std::string& text) {
    std::vector<settings::Statement> statements;
    for (const std::string& file : settings_files(name)) {
        const bool trusted = file != "beside.nspawn";
        const settings::FileSettings read = BOX_TRY(
                settings::read_file_settings({file, content(kGolden / name / file), trusted}));
        for (const std::string& warning : read.warnings)
            text += "warning: " + warning + "\n";
        statements.insert(statements.end(), read.statements.begin(), read.statements.end());
    }
    for (const std::string& warning : settings::drop_foreign(statements, line.settings))
        text += "warning: " + warning + "\n";
    std::erase_if(statements, [&](const auto& given) { return given.row == without; });
    return settings::combine(line, statements, kCaller);
}

/// As `boxctl` does it, but for looking at the machine.
std::string outcome_of(const std::string& name, Lines words, const settings::Row* without) {
    const std::string verb = words.empty() ? "" : words[0];
    BOOST_REQUIRE_MESSAGE(verb == "boot" || verb == "run" || verb == "nspawn",
                          name << ": args begin with boot, run or nspawn");
    const settings::Mode mode = verb == "boot" ? settings::Mode::boot : settings::Mode::run;
    words.erase(words.begin());
    const auto line = verb == "nspawn" ? settings::parse_nspawn_line(words, kCaller)
                                       : settings::parse_command_line(mode, words, kCaller);
    if (!line) return "error: " + line.error().message() + "\n";
    BOOST_REQUIRE_MESSAGE(line->wish == settings::CommandLine::Wish::start, name);
    std::string text;
    const auto wanted = with_files(name, *line, without, text);
    if (!wanted) return text + "error: " + wanted.error().message() + "\n";
    const Lines faults = settings::validate(*wanted);
    for (const std::string& fault : faults)
        text += "error: " + fault + "\n";
    return faults.empty() ? text + plan_text(name, *wanted) : text;
}

std::string outcome_of(const std::string& name) {
    return outcome_of(name, words_of(name), nullptr);
}

/// The shortest way from one text to the other; lines they share are left out.
Lines difference(const Lines& from, const Lines& to) {
    std::vector<std::vector<size_t>> common(from.size() + 1, std::vector<size_t>(to.size() + 1));
    for (size_t i = from.size(); i-- > 0;) {
        for (size_t j = to.size(); j-- > 0;) {
            common[i][j] = from[i] == to[j] ? common[i + 1][j + 1] + 1
                                            : std::max(common[i + 1][j], common[i][j + 1]);
        }
    }
    Lines changes;
    size_t i = 0;
    size_t j = 0;
    while (i < from.size() || j < to.size()) {
        if (i < from.size() && j < to.size() && from[i] == to[j]) {
            i++;
            j++;
        } else if (j == to.size() || (i < from.size() && common[i + 1][j] >= common[i][j + 1])) {
            changes.push_back("-" + from[i++]);
        } else {
            changes.push_back("+" + to[j++]);
        }
    }
    return changes;
}

Lines without_numbers(const std::string& text) {
    return lines_of(std::regex_replace(text, std::regex("(^|\n)mount [0-9]+ +"), "$1mount "));
}

std::string result_of(const std::string& name) {
    const std::string text = outcome_of(name);
    const fs::path like = kGolden / name / "like";
    if (!fs::exists(like)) return text;
    const std::string other = lines_of(content(like))[0];
    BOOST_REQUIRE_MESSAGE(fs::exists(kGolden / other / "args"), name << ": like what? " << other);
    const Lines changes = difference(without_numbers(outcome_of(other)), without_numbers(text));
    return changes.empty() ? "no difference\n" : boxctl::join(changes, "\n") + "\n";
}

void check_case(const std::string& name) {
    const std::string made = result_of(name);
    const fs::path file = kGolden / name / "plan.txt";
    if (getenv("BLESS") != nullptr) {
        if (content(file) != made) std::ofstream(file, std::ios::binary) << made;
        return;
    }
    const std::string golden = content(file);
    const Lines changes = difference(lines_of(golden), lines_of(made));
    BOOST_CHECK_MESSAGE(made == golden,
                        name << "/plan.txt is different (make bless writes it anew):\n"
                             << boxctl::join(changes, "\n"));
}

/// One test case a folder, so that each is counted and named.
struct GoldenCases {
    GoldenCases() {
        auto* suite = BOOST_TEST_SUITE("golden");
        for (const std::string& name : case_names()) {
            suite->add(boost::unit_test::make_test_case([name] { check_case(name); }, name,
                                                        __FILE__, __LINE__));
        }
        boost::unit_test::framework::master_test_suite().add(suite);
    }
};
const GoldenCases kRegistered;

bool names_option(const std::string& word, const settings::Row& row) {
    if (!settings::is_option(row)) return word.starts_with(std::string(row.key) + "=");
    if (row.letter != 0 && word == std::string("-") + row.letter) return true;
    if (row.option.empty()) return false;
    const std::string option = "--" + std::string(row.option);
    return word == option || word.starts_with(option + "=");
}

/// Whether the option, or the key of a file, decides anything in the case: without it something
/// else comes out.
bool decides(const std::string& name, const settings::Row& row) {
    const Lines all = words_of(name);
    Lines words;
    for (size_t i = 0; i < all.size(); i++) {
        if (!names_option(all[i], row)) {
            words.push_back(all[i]);
        } else if (settings::arity(row) == settings::Arity::required &&
                   all[i].find('=') == all[i].npos) {
            i++;  // its value is the next word
        }
    }
    bool has = words.size() != all.size();
    for (const std::string& file : settings_files(name)) {
        for (const std::string& line : lines_of(content(kGolden / name / file)))
            has = has || (!row.key.empty() && line.starts_with(std::string(row.key) + "="));
    }
    if (!has) return false;
    const std::string text = outcome_of(name);
    return !text.starts_with("error: ") && outcome_of(name, words, &row) != text;
}

/// What decides nothing about the plan, and the test of the box tier that asserts it.
const std::map<std::string, std::string> kAssertedElsewhere = {
        {"--quiet", "rows.sh"}, {"--dry-run", "dry-run.sh"},   {"--log-level", "rows.sh"},
        {"-j", "nspawn.sh"},    {"--init", "boot-busybox.sh"}, {"--user", "run.sh"},
        {"--uid", "rows.sh"},   {"--template", "template.sh"},
};

bool is_asserted_elsewhere(const settings::Row& row) {
    const auto found = kAssertedElsewhere.find(settings::spelling(row));
    if (found == kAssertedElsewhere.end()) return false;
    const std::string test = content(kGolden.parent_path() / "system" / found->second);
    const bool by_letter =
            row.letter != 0 && test.find(std::string(" -") + row.letter) != std::string::npos;
    return by_letter || test.find(settings::spelling(row)) != std::string::npos;
}

std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = popen(command.c_str(), "r");
    BOOST_REQUIRE(pipe != nullptr);
    char buffer[4096];
    while (const size_t got = fread(buffer, 1, sizeof buffer, pipe))
        text.append(buffer, got);
    BOOST_REQUIRE_EQUAL(pclose(pipe), 0);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_row_decides_something_in_a_case) {
    const std::vector<std::string> names = case_names();
    size_t elsewhere = 0;
    for (const settings::Row& row : settings::rows()) {
        const bool decided = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return decides(name, row);
        });
        elsewhere += !decided && is_asserted_elsewhere(row) ? 1 : 0;
        BOOST_CHECK_MESSAGE(
                decided || is_asserted_elsewhere(row),
                "no case in tests/golden comes out otherwise without " << settings::spelling(row));
    }
    printf("# count: %zu settings, %zu of them asserted from inside a box, the others on %zu "
           "plans\n",
           settings::rows().size(), elsewhere, names.size());
}

BOOST_AUTO_TEST_CASE(control_an_option_that_decides_nothing_is_noticed) {
    BOOST_TEST(!decides("quiet", *settings::find_option("quiet")));
    BOOST_TEST(decides("bind", *settings::find_option("bind")));
}

BOOST_AUTO_TEST_CASE(every_case_is_complete) {
    const std::vector<std::string> known = {"args", "facts", "like", "plan.txt"};
    for (const std::string& name : case_names()) {
        BOOST_CHECK_MESSAGE(fs::exists(kGolden / name / "plan.txt"), name << " has no plan.txt");
        for (const auto& entry : fs::directory_iterator(kGolden / name)) {
            const std::string file = entry.path().filename().string();
            const bool settings = file.ends_with(".nspawn") || file.ends_with(".box");
            BOOST_CHECK_MESSAGE(settings || std::count(known.begin(), known.end(), file) == 1,
                                name << "/" << file << " is read by nobody");
        }
    }
}

BOOST_AUTO_TEST_CASE(every_row_is_in_the_help_of_its_verbs) {
    using settings::Mode;
    const std::map<Mode, std::string> help = {
            {Mode::boot, output_of(std::string("'") + BOXCTL_PROGRAM + "' boot --help")},
            {Mode::run, output_of(std::string("'") + BOXCTL_PROGRAM + "' run --help")}};
    const std::string all = output_of(std::string("'") + BOXCTL_PROGRAM + "' nspawn --help");
    for (const settings::Row& row : settings::rows()) {
        for (const auto& [mode, text] : help) {
            if (!settings::is_option(row)) continue;
            const std::string line = settings::spelling(row) + std::string(row.argument);
            const bool there = text.find(line) != std::string::npos &&
                               text.find(row.help) != std::string::npos;
            const bool here = settings::applies(row.verbs, mode) && !settings::is_alias(row);
            BOOST_CHECK_MESSAGE(there == here, line << (there ? " is" : " is not")
                                                    << " in the help of "
                                                    << (mode == Mode::boot ? "boot" : "run"));
        }
        const std::string line = settings::spelling(row) + std::string(row.argument);
        BOOST_CHECK_MESSAGE(!settings::is_option(row) || all.find(line) != std::string::npos,
                            line << " is not in the help of nspawn");
    }
}

BOOST_AUTO_TEST_CASE(every_row_is_in_the_man_page) {
    std::string page = content(BOXCTL_MAN_PAGE);
    BOOST_REQUIRE(!page.empty());
    for (size_t at = 0; (at = page.find("\\-", at)) != std::string::npos;)
        page.erase(at, 1);
    for (const settings::Row& row : settings::rows()) {
        if (!settings::is_option(row)) continue;
        const std::string line = settings::spelling(row) + std::string(row.argument);
        BOOST_CHECK_MESSAGE(page.find(line) != std::string::npos, line << " is not in boxctl(1)");
    }
}
