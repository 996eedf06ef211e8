// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/entry.h"

#include <time.h>

#include "lib/base/text.h"

namespace boxctl::logs {
namespace {

constexpr uint64_t kSecond = 1000000;
constexpr std::string_view kShape = "0000-00-00T00:00:00.000000Z";
static_assert(kShape.size() + 1 == kEntryHead);

/// The number at `at`; the shape was looked at before.
int digits(std::string_view text, size_t at, size_t count) {
    int value = 0;
    for (const char digit : text.substr(at, count))
        value = value * 10 + (digit - '0');
    return value;
}

bool has_shape(std::string_view text) {
    for (size_t i = 0; i < kShape.size(); i++) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return false;
    }
    return true;
}

}  // namespace

uint64_t wall_clock() {
    timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

std::string format_time(uint64_t time) {
    const auto seconds = static_cast<time_t>(time / kSecond);
    tm parts = {};
    gmtime_r(&seconds, &parts);
    char text[32] = {};
    const size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return std::string(text, size) + format(".%06uZ", static_cast<unsigned>(time % kSecond));
}

void append_entry(std::string& out, std::string_view time, std::string_view text, bool ends_line) {
    out += time;
    out += ends_line ? ' ' : '+';
    out += text;
    out += '\n';
}

std::optional<Entry> parse_entry(std::string_view line) {
    if (line.size() < kEntryHead || !has_shape(line)) return std::nullopt;
    const char mark = line[kEntryHead - 1];
    if (mark != ' ' && mark != '+') return std::nullopt;
    tm parts = {};
    parts.tm_year = digits(line, 0, 4) - 1900;
    parts.tm_mon = digits(line, 5, 2) - 1;
    parts.tm_mday = digits(line, 8, 2);
    parts.tm_hour = digits(line, 11, 2);
    parts.tm_min = digits(line, 14, 2);
    parts.tm_sec = digits(line, 17, 2);
    const time_t seconds = timegm(&parts);
    if (seconds < 0) return std::nullopt;
    Entry entry;
    entry.time =
            static_cast<uint64_t>(seconds) * kSecond + static_cast<uint64_t>(digits(line, 20, 6));
    entry.text = line.substr(kEntryHead);
    entry.ends_line = mark == ' ';
    return entry;
}

}  // namespace boxctl::logs
