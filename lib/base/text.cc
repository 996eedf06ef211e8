// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <limits>

namespace boxctl {

std::string errno_text(int code) {
    const char* known = strerrordesc_np(code);
    return known != nullptr ? known : format("error %d", code);
}

std::string format(const char* pattern, ...) {
    va_list args;
    va_start(args, pattern);
    char* made = nullptr;
    const int length = vasprintf(&made, pattern, args);
    va_end(args);
    if (length < 0) return {};
    std::string text(made, static_cast<size_t>(length));
    free(made);
    return text;
}

namespace {

// Length of the well-formed, printable UTF-8 sequence at the start of `text`; 0 when there is none.
size_t printable_sequence(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    size_t length = 0;
    uint32_t point = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
        point = lead & 0x1fU;
    } else if ((lead & 0xf0U) == 0xe0) {
        length = 3;
        point = lead & 0x0fU;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        point = lead & 0x07U;
    }
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
        point = (point << 6U) | (byte(i) & 0x3fU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    const bool control = point < 0xa0;                              // the C1 block
    const bool direction = (point >= 0x202a && point <= 0x202e) ||  // bidirectional overrides
                           (point >= 0x2066 && point <= 0x2069);    // reorder what is read
    return overlong || surrogate || control || direction || point > 0x10ffff ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const size_t length = printable_sequence(text);
        if (length == 0) {
            out += format("\\x%02x", static_cast<unsigned char>(text[0]));
            text.remove_prefix(1);
        } else {
            out.append(text.substr(0, length));
            text.remove_prefix(length);
        }
    }
    return out;
}

std::string quote(std::string_view text) {
    return "'" + printable(text) + "'";
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const size_t at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

Result<std::vector<std::string>> split_escaped(std::string_view text, char separator) {
    std::vector<std::string> parts(1);
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '\\') {
            if (++i == text.size()) return Error("lone backslash at the end of " + quote(text));
            parts.back() += text[i];
        } else if (text[i] == separator) {
            parts.emplace_back();
        } else {
            parts.back() += text[i];
        }
    }
    return parts;
}

std::vector<std::string> split_blanks(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    std::vector<std::string> words;
    size_t at = 0;
    while ((at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
        const std::string_view word = text.substr(at, text.find_first_of(kBlanks, at) - at);
        words.emplace_back(word);
        at += word.size();
    }
    return words;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (size_t i = 0; i < parts.size(); i++) {
        if (i > 0) out += separator;
        out += parts[i];
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::optional<uint64_t> parse_u64(std::string_view text) {
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, code] = std::from_chars(text.data(), end, value);
    if (text.empty() || code != std::errc() || stopped != end) return std::nullopt;
    return value;
}

std::optional<uint32_t> parse_u32(std::string_view text) {
    const auto value = parse_u64(text);
    if (!value || *value > std::numeric_limits<uint32_t>::max()) return std::nullopt;
    return static_cast<uint32_t>(*value);
}

std::optional<bool> parse_boolean(std::string_view text) {
    std::string word(text);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* yes : {"1", "yes", "y", "true", "t", "on"}) {
        if (word == yes) return true;
    }
    for (const char* no : {"0", "no", "n", "false", "f", "off"}) {
        if (word == no) return false;
    }
    return std::nullopt;
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
    constexpr std::string_view kSuffixes = "KMGTPE";
    if (text.empty()) return std::nullopt;
    uint64_t shift = 0;
    const size_t suffix = kSuffixes.find(text.back());
    if (suffix != std::string_view::npos) {
        shift = 10 * (suffix + 1);
        text.remove_suffix(1);
    } else if (text.back() == 'B') {
        text.remove_suffix(1);
    }
    const auto number = parse_u64(text);
    if (!number || *number > (std::numeric_limits<uint64_t>::max() >> shift)) return std::nullopt;
    return *number << shift;
}

namespace {

constexpr uint64_t kMicroseconds = 1000000;
constexpr struct {
    std::string_view name;
    uint64_t length;  // µs
} kTimeUnits[] = {
        {"us", 1},
        {"ms", 1000},
        {"", kMicroseconds},
        {"s", kMicroseconds},
        {"sec", kMicroseconds},
        {"m", 60 * kMicroseconds},
        {"min", 60 * kMicroseconds},
        {"h", 3600 * kMicroseconds},
        {"d", 86400 * kMicroseconds},
        {"w", 7 * 86400 * kMicroseconds},
};

std::optional<uint64_t> time_unit(std::string_view name) {
    for (const auto& unit : kTimeUnits) {
        if (unit.name == name) return unit.length;
    }
    return std::nullopt;
}

}  // namespace

std::optional<uint64_t> parse_timespan(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789";
    uint64_t sum = 0;
    bool any = false;
    while (!(text = trim(text)).empty()) {
        const size_t digits = std::min(text.find_first_not_of(kDigits), text.size());
        const auto number = parse_u64(text.substr(0, digits));
        text = trim(text.substr(digits));
        const size_t letters = std::min(text.find_first_of("0123456789 "), text.size());
        const auto unit = time_unit(text.substr(0, letters));
        text.remove_prefix(letters);
        uint64_t part = 0;
        if (!number || !unit || __builtin_mul_overflow(*number, *unit, &part) ||
            __builtin_add_overflow(sum, part, &sum)) {
            return std::nullopt;
        }
        any = true;
    }
    return any ? std::optional(sum) : std::nullopt;
}

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    if (word.size() > 64) return {};  // no slip of the finger, and the comparison is quadratic
    std::string best;
    size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace boxctl
