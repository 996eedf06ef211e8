// SPDX-License-Identifier: LGPL-2.1-or-later
// Enumerations and the words that stand for them. Private to lib/settings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/text.h"

namespace boxctl::settings {

template <class Enum>
struct Word {
    Enum value;
    const char* text;
};

/// "unknown WHAT 'text'", with the nearest of `words` as a hint, or all of them when none is near.
Error unknown_word(std::string_view what, std::string_view text,
                   const std::vector<std::string>& words);

template <class Enum, size_t N>
std::vector<std::string> words_of(const Word<Enum> (&table)[N]) {
    std::vector<std::string> words;
    for (const Word<Enum>& word : table)
        words.emplace_back(word.text);
    return words;
}

template <class Enum, size_t N>
Result<Enum> find_word(const Word<Enum> (&table)[N], std::string_view what, std::string_view text) {
    for (const Word<Enum>& word : table) {
        if (text == word.text) return word.value;
    }
    return unknown_word(what, text, words_of(table));
}

template <class Enum, size_t N>
std::string word_for(const Word<Enum> (&table)[N], Enum value) {
    for (const Word<Enum>& word : table) {
        if (word.value == value) return word.text;
    }
    return "?";
}

}  // namespace boxctl::settings
