// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/options_of.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/settings/table.h"

namespace boxctl::cmd {
namespace {

// "=running|stopped" lists its words; "=SECONDS|none" only those in lower case.
std::vector<std::string> words_of_argument(std::string_view argument) {
    std::vector<std::string> words;
    if (!argument.starts_with('=')) return words;
    for (std::string& word : split(argument.substr(1), '|')) {
        const bool literal =
                std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
        if (literal) words.push_back(std::move(word));
    }
    return words;
}

void add_settings(const Verb& verb, std::vector<OptionText>& options) {
    const bool all = verb.front == settings::Front::nspawn;
    for (const settings::Row& row : settings::rows()) {
        if (!settings::is_option(row) || !(all || settings::applies(row.verbs, *verb.mode)))
            continue;
        options.push_back({settings::title(row.group), row.option, row.letter, row.argument,
                           row.help,
                           row.choices == nullptr ? words_of_argument(row.argument) : row.choices(),
                           settings::is_alias(row)});
    }
    // Rows of one group may stand apart in the table.
    const auto place = [](const OptionText& option) {
        int group = 0;
        while (settings::title(static_cast<settings::Group>(group)) != option.heading)
            group++;
        return group;
    };
    std::stable_sort(options.begin(), options.end(),
                     [&](const OptionText& a, const OptionText& b) { return place(a) < place(b); });
}

}  // namespace

std::vector<OptionText> options_of(const Verb& verb) {
    std::vector<OptionText> options;
    if (verb.mode) add_settings(verb, options);
    for (const VerbOption& option : verb.options) {
        options.push_back({"Options", option.name, option.letter, option.argument, option.help,
                           words_of_argument(option.argument)});
    }
    options.push_back({verb.mode ? settings::title(settings::Group::tool) : "Options",
                       "help",
                       'h',
                       "",
                       verb.mode && verb.front == settings::Front::boxctl
                               ? "Show this; nspawn --help has more spellings"
                               : "Show this",
                       {}});
    return options;
}

std::string synopsis(const OptionText& option) {
    std::string text = option.letter != 0 ? std::string{'-', option.letter} : "";
    if (!option.name.empty()) {
        text += (text.empty() ? "--" : ", --") + std::string(option.name);
    }
    return text + std::string(option.argument);
}

ValueKind value_kind(const OptionText& option) {
    if (option.argument.empty()) return ValueKind::none;
    if (!option.choices.empty()) return ValueKind::words;
    if (option.argument == "=DIR") return ValueKind::directory;
    const bool path = option.argument.starts_with("=SOURCE") ||
                      option.argument.starts_with("=LOWER") || option.argument.starts_with("=PATH");
    return path ? ValueKind::path : ValueKind::text;
}

}  // namespace boxctl::cmd
