// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/when.h"

#include <optional>
#include <string>
#include <vector>

#include <time.h>

#include "lib/base/text.h"

namespace boxctl::logs {
namespace {

constexpr uint64_t kSecond = 1000000;

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/// Takes digits from the front; nullopt when there are none or too many.
std::optional<uint64_t> take_number(std::string_view& text) {
    size_t size = 0;
    while (size < text.size() && is_digit(text[size]))
        size++;
    const auto number = parse_u64(text.substr(0, size));
    text.remove_prefix(size);
    if (!number || *number > UINT64_MAX / kSecond / 1000) return std::nullopt;
    return number;
}

/// Takes ".5" from the front, in µs.
uint64_t take_fraction(std::string_view& text) {
    if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return 0;
    text.remove_prefix(1);
    uint64_t value = 0;
    for (uint64_t digit = kSecond / 10; !text.empty() && is_digit(text[0]); digit /= 10) {
        value += static_cast<uint64_t>(text[0] - '0') * digit;
        text.remove_prefix(1);
    }
    return value;
}

struct Unit {
    std::string_view name;
    uint64_t length;  ///< µs
};

constexpr Unit kUnits[] = {
        {"us", 1},
        {"usec", 1},
        {"ms", 1000},
        {"msec", 1000},
        {"", kSecond},
        {"s", kSecond},
        {"sec", kSecond},
        {"second", kSecond},
        {"seconds", kSecond},
        {"m", 60 * kSecond},
        {"min", 60 * kSecond},
        {"minute", 60 * kSecond},
        {"minutes", 60 * kSecond},
        {"h", 3600 * kSecond},
        {"hr", 3600 * kSecond},
        {"hour", 3600 * kSecond},
        {"hours", 3600 * kSecond},
        {"d", 86400 * kSecond},
        {"day", 86400 * kSecond},
        {"days", 86400 * kSecond},
        {"w", 7 * 86400 * kSecond},
        {"week", 7 * 86400 * kSecond},
        {"weeks", 7 * 86400 * kSecond},
        {"M", 2629800 * kSecond},
        {"month", 2629800 * kSecond},
        {"months", 2629800 * kSecond},
        {"y", 31557600 * kSecond},
        {"year", 31557600 * kSecond},
        {"years", 31557600 * kSecond},
};

std::optional<uint64_t> unit_length(std::string_view name) {
    for (const Unit& unit : kUnits) {
        if (unit.name == name) return unit.length;
    }
    return std::nullopt;
}

/// "1h 30min", "5min", "90"; nullopt when it is something else.
std::optional<uint64_t> parse_span(std::string_view text) {
    uint64_t total = 0;
    do {
        const auto number = take_number(text);
        if (!number) return std::nullopt;
        const uint64_t fraction = take_fraction(text);
        text = trim(text);  // "2 days"
        size_t size = 0;
        while (size < text.size() && !is_digit(text[size]) && text[size] != ' ')
            size++;
        const auto unit = unit_length(text.substr(0, size));
        if (!unit) return std::nullopt;
        uint64_t whole = 0;
        if (__builtin_mul_overflow(*number, *unit, &whole) ||
            __builtin_add_overflow(total, whole, &total)) {
            return std::nullopt;
        }
        total += fraction * (*unit / 1000) / 1000;
        text = trim(text.substr(size));
    } while (!text.empty());
    return total;
}

/// "10:00" or "10:00:30" into `parts`.
bool parse_clock(std::string_view text, tm& parts) {
    int* const fields[] = {&parts.tm_hour, &parts.tm_min, &parts.tm_sec};
    const uint64_t most[] = {23, 59, 60};
    size_t count = 0;
    for (const std::string& part : split(text, ':')) {
        const auto number = part.size() <= 2 ? parse_u32(part) : std::nullopt;
        if (count == 3 || !number || *number > most[count]) return false;
        *fields[count++] = static_cast<int>(*number);
    }
    return count >= 2;
}

/// "2026-11-25" into `parts`.
bool parse_date(std::string_view text, tm& parts) {
    const std::vector<std::string> fields = split(text, '-');
    if (fields.size() != 3 || fields[0].size() != 4) return false;
    const auto year = parse_u32(fields[0]);
    const auto month = parse_u32(fields[1]);
    const auto day = parse_u32(fields[2]);
    if (!year || !month || !day || *year < 1970 || *month < 1 || *month > 12 || *day < 1)
        return false;
    parts.tm_year = static_cast<int>(*year) - 1900;
    parts.tm_mon = static_cast<int>(*month) - 1;
    parts.tm_mday = static_cast<int>(*day);
    tm whole = parts;  // mktime() would make the 31st of February the 3rd of March
    return *day <= 31 && mktime(&whole) >= 0 && whole.tm_mday == parts.tm_mday;
}

tm midnight(uint64_t now) {
    const auto seconds = static_cast<time_t>(now / kSecond);
    tm parts = {};
    localtime_r(&seconds, &parts);
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    return parts;
}

std::optional<uint64_t> parse_calendar(std::string_view text, uint64_t now) {
    tm parts = midnight(now);
    const size_t gap = text.find_first_of(" T");
    bool valid = true;
    if (text == "today" || text == "yesterday") {
        parts.tm_mday -= text == "yesterday" ? 1 : 0;
    } else if (gap != std::string_view::npos) {
        valid = parse_date(text.substr(0, gap), parts) &&
                parse_clock(trim(text.substr(gap + 1)), parts);
    } else if (text.find(':') != std::string_view::npos) {
        valid = parse_clock(text, parts);
    } else {
        valid = parse_date(text, parts);
    }
    const time_t seconds = valid ? mktime(&parts) : -1;
    if (seconds < 0) return std::nullopt;
    return static_cast<uint64_t>(seconds) * kSecond;
}

std::optional<uint64_t> parse_epoch(std::string_view text) {
    const auto seconds = take_number(text);
    if (!seconds) return std::nullopt;
    const uint64_t fraction = take_fraction(text);
    if (!text.empty()) return std::nullopt;
    return *seconds * kSecond + fraction;
}

std::optional<uint64_t> parse_relative(std::string_view text, uint64_t now) {
    constexpr std::string_view kAgo = " ago";
    if (text == "now") return now;
    if (text.starts_with("-")) {
        text.remove_prefix(1);
    } else if (text.ends_with(kAgo)) {
        text.remove_suffix(kAgo.size());
    } else {
        return std::nullopt;
    }
    const auto span = parse_span(trim(text));
    if (!span) return std::nullopt;
    return *span > now ? 0 : now - *span;
}

}  // namespace

Result<uint64_t> parse_when(std::string_view text, uint64_t now) {
    const std::string_view wanted = trim(text);
    std::optional<uint64_t> time;
    if (wanted.starts_with("@")) {
        time = parse_epoch(wanted.substr(1));
    } else if (time = parse_relative(wanted, now); !time) {
        time = parse_calendar(wanted, now);
    }
    if (time) return *time;
    Error error(quote(text) + " is no time");
    error.set_hint("write -5min, 10:00, '2026-11-25 10:00', today or @SECONDS");
    return error;
}

}  // namespace boxctl::logs
