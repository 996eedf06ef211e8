// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/os_release.h"

#include <algorithm>
#include <optional>

#include "lib/base/text.h"
#include "lib/host/lines.h"

namespace boxctl::host {
namespace {

bool is_key(std::string_view text) {
    constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    return !text.empty() && (text[0] < '0' || text[0] > '9') &&
           text.find_first_not_of(kLetters) == std::string_view::npos;
}

// The value as a shell would read one word; nullopt for a quote that never closes.
std::optional<std::string> unquote(std::string_view text) {
    std::string value;
    char quote = '\0';
    for (size_t i = 0; i < text.size(); i++) {
        const char c = text[i];
        if (c == quote && quote != '\0') {
            quote = '\0';
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
            value += text[++i];
        } else {
            value += c;
        }
    }
    if (quote != '\0') return std::nullopt;
    return value;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_os_release(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> entries;
    while (!text.empty()) {
        const std::string_view line = trim(take_line(text));
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos || line.find('\0') != std::string_view::npos) continue;
        const std::string_view key = line.substr(0, equals);
        if (!is_key(key)) continue;
        auto value = unquote(line.substr(equals + 1));
        if (!value) continue;
        const auto known = std::find_if(entries.begin(), entries.end(),
                                        [&](const auto& entry) { return entry.first == key; });
        if (known != entries.end()) {
            known->second = std::move(*value);
        } else if (entries.size() < kOsReleaseEntries) {
            entries.emplace_back(key, std::move(*value));
        }
    }
    return entries;
}

}  // namespace boxctl::host
