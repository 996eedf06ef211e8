// SPDX-License-Identifier: LGPL-2.1-or-later
// Options: splits the words of a command line into options and other words, as getopt_long(3) does
// it: "--name=value", "--name value", "-xVALUE", "-x VALUE", "-abc", "--". Abbreviations are not
// taken, so that a new option can never change what an old command line means.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/table.h"

namespace boxctl::settings {

struct OptionName {
    std::string_view name;  ///< without "--"; may be empty
    char letter = 0;
    Arity arity = Arity::none;
};

class OptionReader {
 public:
    struct Option {
        size_t index;                      ///< in the names given
        std::optional<std::string> value;  ///< never for Arity::none, always for Arity::required
    };
    struct Item {
        enum class Kind { option, word, dashes } kind;
        Option option;     ///< Kind::option
        std::string word;  ///< Kind::word; Kind::dashes is "--"
    };

    /// Both are borrowed. A letter with an optional value never takes one.
    OptionReader(std::span<const OptionName> names, std::span<const std::string> words)
            : names_(names), words_(words) {}

    /// The next item, nothing at the end. An error for an option that is unknown (with the nearest
    /// one as its hint), lacks its value, or has one it does not take.
    Result<std::optional<Item>> next();

    /// The words behind the last item.
    [[nodiscard]] std::vector<std::string> rest() const;

 private:
    Result<std::optional<Item>> read_long(std::string_view text);
    Result<std::optional<Item>> read_letter();
    Result<std::string> take_value(const std::string& spelled);

    std::span<const OptionName> names_;
    std::span<const std::string> words_;
    size_t at_ = 0;
    std::string_view letters_;  // of the word at_ - 1 that are still to be read
};

}  // namespace boxctl::settings
