// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/cli.h"

#include <optional>
#include <utility>

#include "lib/base/text.h"
#include "lib/settings/options.h"
#include "lib/settings/refused.h"
#include "lib/settings/table.h"

namespace boxctl::settings {
namespace {

constexpr OptionName kHelp{"help", 'h', Arity::none};
constexpr OptionName kVersion{"version", 0, Arity::none};
// Nothing is ever paged or asked for.
constexpr OptionName kNoPager{"no-pager", 0, Arity::none};
constexpr OptionName kNoAskPassword{"no-ask-password", 0, Arity::none};

// What systemd's units run when a machine has ended (systemd-nspawn 257).
constexpr OptionName kCleanup{"cleanup", 0, Arity::none};

class Parser {
 public:
    Parser(Front front, Mode mode, std::span<const std::string> words, const Caller& caller)
            : names_(option_names()), reader_(names_, words), caller_(caller) {
        line_.settings = defaults_of(front);
        line_.settings.mode = mode;
    }

    Result<CommandLine> parse() {
        while (line_.wish == CommandLine::Wish::start && !finished_) {
            const auto item = BOX_TRY(reader_.next());
            if (!item) break;
            BOX_TRY(take(*item));
        }
        if (front() == Front::nspawn && line_.settings.exec.boot.value) {
            line_.settings.mode = Mode::boot;
        }
        if (cleanup_ && line_.wish == CommandLine::Wish::start) {
            line_.wish = CommandLine::Wish::cleanup;
        }
        return std::move(line_);
    }

 private:
    [[nodiscard]] Front front() const { return line_.settings.front; }

    // The rows in their order, those that are refused, then what only some front has.
    static std::vector<OptionName> option_names() {
        std::vector<OptionName> names;
        for (const Row& row : rows())
            names.push_back({row.option, row.letter, arity(row)});
        for (const RefusedRow& row : refused_rows())
            names.push_back({row.option, row.letter, row.arity});
        names.insert(names.end(), {kHelp, kVersion, kNoPager, kNoAskPassword, kCleanup});
        return names;
    }

    Result<void> take(const OptionReader::Item& item) {
        switch (item.kind) {
            case OptionReader::Item::Kind::option:
                return take_option(item.option);
            case OptionReader::Item::Kind::word:
                return take_word(item.word);
            case OptionReader::Item::Kind::dashes:
                return take_rest({});
        }
        return {};
    }

    Result<void> take_option(const OptionReader::Option& option) {
        if (option.index >= rows().size()) return take_other(names_[option.index]);
        const Row& row = rows()[option.index];
        if (front() == Front::boxctl) BOX_TRY(check_verb(row));
        if (option.value == "help" && row.choices != nullptr) {
            line_.wish = CommandLine::Wish::list;
            line_.choices = row.choices();
            return {};
        }
        if (row.option == "directory") BOX_TRY(check_single_root(option.value.value_or("")));
        const std::string text = option.value.value_or(std::string(row.implied));
        const std::string said = spelling(row) + (option.value ? "=" + *option.value : "");
        return give(row, text, said).context("option " + quote(said));
    }

    Result<void> take_other(const OptionName& option) {
        const std::string spelled = "--" + std::string(option.name);
        for (const RefusedRow& row : refused_rows()) {
            if (row.option == option.name) return refusal(spelled, row);
        }
        if (option.name == kHelp.name) {
            line_.wish = CommandLine::Wish::help;
        } else if (option.name == kVersion.name) {
            line_.wish = CommandLine::Wish::version;
        } else if (front() == Front::boxctl) {
            return Error("option '" + spelled + "' is for 'boxctl nspawn' only");
        } else if (option.name == kCleanup.name) {
            cleanup_ = true;  // of the machine that another option names
        }
        return {};
    }

    Result<void> check_verb(const Row& row) const {
        const Mode mode = line_.settings.mode;
        if (applies(row.verbs, mode)) return {};
        const char* verb = row.verbs == Verbs::nspawn ? "nspawn"
                           : mode == Mode::boot       ? "run"
                                                      : "boot";
        return Error("option '" + spelling(row) + "' is for 'boxctl " + verb + "' only");
    }

    Result<void> give(const Row& row, const std::string& text, const std::string& said) {
        const Origin origin{Source::option, said};
        BOX_TRY(assign(row, line_.settings, {text, origin, caller_}));
        line_.statements.push_back({&row, text, origin});
        return {};
    }

    Result<void> check_single_root(const std::string& second) const {
        const auto& directory = line_.settings.image.directory;
        if (!directory.is_set()) return {};
        return Error("two roots, " + quote(directory.value) + " and " + quote(second));
    }

    Result<void> take_word(const std::string& word) {
        if (front() == Front::nspawn) return take_rest({word});
        auto& directory = line_.settings.image.directory;
        if (!directory.is_set()) {
            if (word.empty()) return Error("root directory is empty");
            return give(*find_option("directory"), word, "ROOT");
        }
        if (line_.settings.mode == Mode::run) return take_rest({word});
        Error error("unexpected word " + quote(word) + " behind the root " +
                    quote(directory.value));
        error.set_hint("arguments of the init stand behind '--'");
        return error;
    }

    Result<void> take_rest(std::vector<std::string> arguments) {
        for (std::string& word : reader_.rest())
            arguments.push_back(std::move(word));
        for (const std::string& word : arguments)
            BOX_TRY(give(*find_key("Exec", "Parameters"), word, "arguments"));
        finished_ = true;
        return {};
    }

    std::vector<OptionName> names_;
    OptionReader reader_;
    const Caller& caller_;
    CommandLine line_;
    bool finished_ = false;
    bool cleanup_ = false;
};

}  // namespace

Result<CommandLine> parse_command_line(Mode mode, std::span<const std::string> words,
                                       const Caller& caller) {
    return Parser(Front::boxctl, mode, words, caller).parse();
}

Result<CommandLine> parse_nspawn_line(std::span<const std::string> words, const Caller& caller) {
    return Parser(Front::nspawn, Mode::run, words, caller).parse();
}

}  // namespace boxctl::settings
