// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/blame.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/settings/table.h"

namespace boxctl::settings {
namespace {

constexpr std::string_view kWordLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";

/// As a word of its own: "--bind" is not in "--bind-ro=/x".
bool names(std::string_view message, std::string_view word) {
    for (size_t at = 0; (at = message.find(word, at)) != message.npos; at++) {
        const size_t end = at + word.size();
        if (end == message.size() || kWordLetters.find(message[end]) == message.npos) return true;
    }
    return false;
}

bool is_secret(const Row& row) {
    return row.json == "set_credential";
}

/// Where in a file it was set, or that it was an option.
std::string told(const Row& row, const Written& value) {
    const bool file =
            value.origin.source == Source::file || value.origin.source == Source::overriding_file;
    const std::string text = is_secret(row) ? "…" : value.text;
    return printable(spelling(row) + "=" + text + " (" +
                     (file ? value.origin.text : "command line") + ")");
}

}  // namespace

std::vector<std::string> blamed_settings(const Settings& settings, std::string_view message,
                                         std::string_view target) {
    std::vector<std::string> blamed;
    for (const Row& row : rows()) {
        if (row.json.empty()) continue;
        const bool named = is_option(row) && names(message, spelling(row));
        std::vector<Written> values = row.access.list(settings);
        std::erase_if(values, [&](const Written& value) {
            const Origin& origin = value.origin;
            const bool file =
                    origin.source == Source::file || origin.source == Source::overriding_file;
            return origin.source == Source::builtin ||
                   (!named && !(file && names(message, origin.text)));
        });
        const auto is_target = [&](const Written& value) {
            return !target.empty() && value.text.find(target) != std::string::npos;
        };
        const bool exact = std::any_of(values.begin(), values.end(), is_target);
        for (const Written& value : values) {
            if (!exact || is_target(value)) blamed.push_back(told(row, value));
        }
    }
    return blamed;
}

}  // namespace boxctl::settings
