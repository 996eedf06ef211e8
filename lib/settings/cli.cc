// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/cli.h"

#include <optional>
#include <utility>

#include "lib/base/text.h"
#include "lib/settings/options.h"
#include "lib/settings/table.h"

namespace boxctl::settings {
namespace {

constexpr OptionName kHelp{"help", 'h', Arity::none};
constexpr OptionName kVersion{"version", 0, Arity::none};

class Parser {
 public:
    Parser(Mode mode, std::span<const std::string> words, const Caller& caller)
            : names_(option_names()), reader_(names_, words), caller_(caller) {
        line_.settings.mode = mode;
    }

    Result<CommandLine> parse() {
        while (line_.wish == CommandLine::Wish::start && !finished_) {
            const auto item = BOX_TRY(reader_.next());
            if (!item) break;
            BOX_TRY(take(*item));
        }
        return std::move(line_);
    }

 private:
    // The rows in their order, then help and version.
    static std::vector<OptionName> option_names() {
        std::vector<OptionName> names;
        for (const Row& row : rows())
            names.push_back({row.option, row.letter, arity(row)});
        names.push_back(kHelp);
        names.push_back(kVersion);
        return names;
    }

    Result<void> take(const OptionReader::Item& item) {
        switch (item.kind) {
            case OptionReader::Item::Kind::option:
                return take_option(item.option);
            case OptionReader::Item::Kind::word:
                return take_word(item.word);
            case OptionReader::Item::Kind::dashes:
                take_rest({});
                return {};
        }
        return {};
    }

    Result<void> take_option(const OptionReader::Option& option) {
        if (option.index >= rows().size()) {
            const bool help = names_[option.index].name == kHelp.name;
            line_.wish = help ? CommandLine::Wish::help : CommandLine::Wish::version;
            return {};
        }
        const Row& row = rows()[option.index];
        const Mode mode = line_.settings.mode;
        if (!applies(row.verbs, mode)) {
            return Error("option '" + spelling(row) + "' is for 'boxctl " +
                         (mode == Mode::boot ? "run" : "boot") + "' only");
        }
        if (option.value == "help" && row.choices != nullptr) {
            line_.wish = CommandLine::Wish::list;
            line_.choices = row.choices();
            return {};
        }
        if (row.option == "directory") BOX_TRY(check_single_root(option.value.value_or("")));
        const std::string text = option.value.value_or(std::string(row.implied));
        const std::string said = spelling(row) + (option.value ? "=" + *option.value : "");
        const Origin origin{Source::option, said};
        return assign(row, line_.settings, {text, origin, caller_})
                .context("option " + quote(said));
    }

    Result<void> check_single_root(const std::string& second) const {
        const auto& directory = line_.settings.image.directory;
        if (!directory.is_set()) return {};
        return Error("two roots, " + quote(directory.value) + " and " + quote(second));
    }

    Result<void> take_word(const std::string& word) {
        auto& directory = line_.settings.image.directory;
        if (!directory.is_set()) {
            if (word.empty()) return Error("root directory is empty");
            directory = {word, {Source::option, "ROOT"}};
            return {};
        }
        if (line_.settings.mode == Mode::run) {
            take_rest({word});
            return {};
        }
        Error error("unexpected word " + quote(word) + " behind the root " +
                    quote(directory.value));
        error.set_hint("arguments of the init stand behind '--'");
        return error;
    }

    void take_rest(std::vector<std::string> arguments) {
        for (std::string& word : reader_.rest())
            arguments.push_back(std::move(word));
        if (!arguments.empty()) {
            line_.settings.exec.arguments = {std::move(arguments), {Source::option, "arguments"}};
        }
        finished_ = true;
    }

    std::vector<OptionName> names_;
    OptionReader reader_;
    const Caller& caller_;
    CommandLine line_;
    bool finished_ = false;
};

}  // namespace

Result<CommandLine> parse_command_line(Mode mode, std::span<const std::string> words,
                                       const Caller& caller) {
    return Parser(mode, words, caller).parse();
}

}  // namespace boxctl::settings
