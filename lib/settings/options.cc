// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/options.h"

#include <algorithm>

#include "lib/base/text.h"

namespace boxctl::settings {
namespace {

Error unknown_option(std::string_view name, std::span<const OptionName> names) {
    std::vector<std::string> known;
    for (const OptionName& option : names) {
        if (!option.name.empty()) known.emplace_back(option.name);
    }
    Error error("unknown option " + quote("--" + std::string(name)));
    const std::string near = nearest(name, known);
    if (!near.empty()) error.set_hint("did you mean '--" + near + "'?");
    return error;
}

}  // namespace

Result<std::optional<OptionReader::Item>> OptionReader::next() {
    if (!letters_.empty()) return read_letter();
    if (at_ == words_.size()) return std::optional<Item>();
    const std::string& word = words_[at_++];
    if (word == "--") return std::optional<Item>({Item::Kind::dashes, {}, word});
    if (word.starts_with("--")) return read_long(std::string_view(word).substr(2));
    if (word.size() > 1 && word[0] == '-') {
        letters_ = std::string_view(word).substr(1);
        return read_letter();
    }
    return std::optional<Item>({Item::Kind::word, {}, word});
}

Result<std::optional<OptionReader::Item>> OptionReader::read_long(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const auto found = std::find_if(names_.begin(), names_.end(), [&](const OptionName& option) {
        return !option.name.empty() && option.name == name;
    });
    if (found == names_.end()) return unknown_option(name, names_);
    Option option{static_cast<size_t>(found - names_.begin()), std::nullopt};
    const std::string spelled = "--" + std::string(name);
    if (equals != std::string_view::npos) {
        if (found->arity == Arity::none) {
            return Error("option '" + spelled + "' takes no value");
        }
        option.value = text.substr(equals + 1);
    } else if (found->arity == Arity::required) {
        option.value = BOX_TRY(take_value(spelled));
    }
    return std::optional<Item>({Item::Kind::option, std::move(option), {}});
}

Result<std::optional<OptionReader::Item>> OptionReader::read_letter() {
    const char letter = letters_[0];
    letters_.remove_prefix(1);
    const auto found = std::find_if(names_.begin(), names_.end(), [&](const OptionName& option) {
        return option.letter != 0 && option.letter == letter;
    });
    const std::string spelled = {'-', letter};
    if (found == names_.end()) return Error("unknown option " + quote(spelled));
    Option option{static_cast<size_t>(found - names_.begin()), std::nullopt};
    if (found->arity == Arity::required) {
        if (letters_.empty()) {
            option.value = BOX_TRY(take_value(spelled));
        } else {
            option.value = letters_;
            letters_ = {};
        }
    }
    return std::optional<Item>({Item::Kind::option, std::move(option), {}});
}

Result<std::string> OptionReader::take_value(const std::string& spelled) {
    if (at_ == words_.size()) return Error("option '" + spelled + "' needs a value");
    return words_[at_++];
}

std::vector<std::string> OptionReader::rest() const {
    return {words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end()};
}

}  // namespace boxctl::settings
