// SPDX-License-Identifier: LGPL-2.1-or-later
// What a box's first process is given beyond its command line: credentials, processors, OOM score.
#include <algorithm>
#include <set>

#include "lib/base/text.h"
#include "lib/settings/paths.h"
#include "lib/settings/values.h"

namespace boxctl::settings {

Result<std::optional<int>> to_oom_score_adjust(std::string_view text) {
    const bool negative = text.starts_with('-');
    const auto number = parse_u32(negative ? text.substr(1) : text);
    if (!number || *number > 1000) {
        return Error("not a number from -1000 to 1000: " + quote(text));
    }
    const int score = static_cast<int>(*number);
    return std::optional<int>(negative ? -score : score);
}

std::string write_oom_score_adjust(const std::optional<int>& value) {
    return value ? std::to_string(*value) : "";
}

Result<std::vector<uint32_t>> to_cpu_affinity(std::string_view text) {
    constexpr uint32_t kMost = 8192;  // processors a kernel can be built for
    std::string list(text);
    std::replace(list.begin(), list.end(), ' ', ',');
    std::set<uint32_t> processors;
    for (const std::string& part : split(list, ',')) {
        if (part.empty()) continue;
        const size_t dash = part.find('-');
        const auto first = parse_u32(part.substr(0, dash));
        const auto last = dash == std::string::npos ? first : parse_u32(part.substr(dash + 1));
        if (!first || !last || *first > *last || *last >= kMost) {
            return Error("not a list of processors such as 0-3,5: " + quote(text));
        }
        for (uint32_t processor = *first; processor <= *last; processor++)
            processors.insert(processor);
    }
    if (processors.empty()) return Error("names no processor: " + quote(text));
    return std::vector<uint32_t>(processors.begin(), processors.end());
}

std::string write_cpu_affinity(const std::vector<uint32_t>& value) {
    std::vector<std::string> parts;
    for (size_t i = 0; i < value.size();) {
        size_t end = i;
        while (end + 1 < value.size() && value[end + 1] == value[end] + 1)
            end++;
        parts.push_back(std::to_string(value[i]) +
                        (end == i ? "" : "-" + std::to_string(value[end])));
        i = end + 1;
    }
    return join(parts, ",");
}

namespace {

constexpr size_t kCredentialMax = 1U << 20U;  // as systemd has it

Result<std::pair<std::string, std::string_view>> split_credential(std::string_view text) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return Error("not ID:… but " + quote(text));
    std::string name(text.substr(0, colon));
    const bool printable_name = std::all_of(
            name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '/'; });
    if (name.empty() || name == "." || name == ".." || name.size() > 255 || !printable_name) {
        return Error("not a name of a credential: " + quote(name));
    }
    return std::pair{std::move(name), text.substr(colon + 1)};
}

std::optional<char> simple_escape(char c) {
    constexpr std::string_view kLetters = "abfnrtv\\\"'s";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"' ";
    const size_t at = kLetters.find(c);
    if (at == std::string_view::npos) return std::nullopt;
    return kMeanings[at];
}

std::optional<unsigned> digit_of(char c, unsigned base) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const size_t value = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (value >= base) return std::nullopt;
    return static_cast<unsigned>(value);
}

// \n and its kin, \xHH, \OOO.
Result<std::string> unescape(std::string_view text) {
    std::string out;
    const auto number = [&](size_t at, size_t length, unsigned base) -> std::optional<unsigned> {
        unsigned value = 0;
        if (at + length > text.size()) return std::nullopt;
        for (size_t i = at; i < at + length; i++) {
            const auto digit = digit_of(text[i], base);
            if (!digit) return std::nullopt;
            value = value * base + *digit;
        }
        return value > 255 ? std::nullopt : std::optional<unsigned>(value);
    };
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        if (++i == text.size()) return Error("lone backslash at the end");
        const auto simple = simple_escape(text[i]);
        const bool hex = text[i] == 'x';
        const auto coded = hex ? number(i + 1, 2, 16) : number(i, 3, 8);
        if (!simple && !coded) return Error("unknown escape behind a backslash");
        out += simple ? *simple : static_cast<char>(*coded);
        if (!simple) i += 2;
    }
    return out;
}

std::string escape(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const bool plain = c >= ' ' && c < '\x7f' && c != '\\';
        out += plain ? std::string(1, c) : format("\\x%02x", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace

Result<Credential> to_set_credential(std::string_view text) {
    auto [name, value] = BOX_TRY(split_credential(text));
    Credential credential{std::move(name), BOX_TRY(unescape(value)), ""};
    if (credential.value.size() > kCredentialMax) return Error("a credential of more than 1 MiB");
    return credential;
}

Result<Credential> to_load_credential(std::string_view text) {
    auto [name, path] = BOX_TRY(split_credential(text));
    if (path.empty() || path.find('\0') != path.npos) {
        return Error("no path behind " + quote(name));
    }
    if (path.find('/') == path.npos) return Credential{std::move(name), "", std::string(path)};
    if (path[0] != '/') return Error("path " + quote(path) + " is not absolute");
    return Credential{std::move(name), "", BOX_TRY(to_inside_path("path", path))};
}

std::vector<std::string> write_set_credentials(const std::vector<Credential>& values) {
    std::vector<std::string> texts;
    for (const Credential& credential : values) {
        if (credential.path.empty())
            texts.push_back(credential.name + ":" + escape(credential.value));
    }
    return texts;
}

std::vector<std::string> write_load_credentials(const std::vector<Credential>& values) {
    std::vector<std::string> texts;
    for (const Credential& credential : values) {
        if (!credential.path.empty()) texts.push_back(credential.name + ":" + credential.path);
    }
    return texts;
}

}  // namespace boxctl::settings
