// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/invoke.h"

#include "lib/base/text.h"
#include "lib/settings/options.h"

namespace boxctl::cmd {
namespace {

using settings::OptionName;
using settings::OptionReader;

std::vector<OptionName> option_names(const Verb& verb) {
    std::vector<OptionName> names;
    for (const VerbOption& option : verb.options) {
        const bool flag = option.argument.empty();
        names.push_back({option.name, option.letter,
                         flag ? settings::Arity::none : settings::Arity::required});
    }
    names.push_back({kHelpOption, 'h', settings::Arity::none});
    return names;
}

Result<void> check_words(const Verb& verb, const Invocation& made) {
    if (made.words.size() > verb.most_words) {
        return Error("unexpected word " + quote(made.words[verb.most_words]));
    }
    if (made.words.size() < verb.fewest_words) {
        return Error("needs " + std::string(verb.arguments) + "; see 'boxctl " +
                     std::string(verb.name) + " --help'");
    }
    return {};
}

}  // namespace

Result<Invocation> read_invocation(const Verb& verb, std::span<const std::string> words) {
    Invocation made{verb, {}, {}, {}, {}};
    if (verb.mode) {
        made.raw.assign(words.begin(), words.end());
        return made;
    }
    const std::vector<OptionName> names = option_names(verb);
    OptionReader reader(names, words);
    bool finished = false;
    while (!finished) {
        const auto item = BOX_TRY(reader.next());
        if (!item) break;
        switch (item->kind) {
            case OptionReader::Item::Kind::option:
                made.options.push_back(
                        {names[item->option.index].name, item->option.value.value_or("")});
                break;
            case OptionReader::Item::Kind::word:
                finished = verb.takes_command && made.words.size() == verb.most_words;
                (finished ? made.command : made.words).push_back(item->word);
                break;
            case OptionReader::Item::Kind::dashes:
                finished = true;
                break;
        }
    }
    for (std::string& word : reader.rest()) {
        (verb.takes_command ? made.command : made.words).push_back(std::move(word));
    }
    if (!made.has(kHelpOption)) BOX_TRY(check_words(verb, made));
    return made;
}

}  // namespace boxctl::cmd
