// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/when.h"

#include <cstdlib>
#include <string>

#include <time.h>

#include <boost/test/unit_test.hpp>

using boxctl::logs::parse_when;

namespace {

constexpr uint64_t kSecond = 1000000;
// 2026-11-25 12:30:00 in Berlin, 11:30:00 UTC
constexpr uint64_t kNow = 1795606200 * kSecond;

struct Zone {
    explicit Zone(const char* name) {
        setenv("TZ", name, 1);
        tzset();
    }
    ~Zone() {
        unsetenv("TZ");
        tzset();
    }
};

/// Seconds before kNow.
void is_before(const std::string& text, double seconds) {
    const auto time = parse_when(text, kNow);
    BOOST_REQUIRE_MESSAGE(time, text);
    BOOST_TEST(static_cast<int64_t>(kNow - *time) == static_cast<int64_t>(seconds * 1e6), text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(times_as_people_write_them) {
    const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
    const struct {
        const char* text;
        double before;
    } rows[] = {
            {"now", 0},
            {"-5min", 300},
            {"-5m", 300},
            {" -1h30min ", 5400},
            {"-1h 30min", 5400},
            {"1h 30min ago", 5400},
            {"2 days ago", 172800},
            {"-90", 90},
            {"-1.5s", 1.5},
            {"-250ms", 0.25},
            {"10:00", 9000},
            {"10:00:30", 8970},
            {"today", 45000},
            {"yesterday", 131400},
            {"2026-11-25", 45000},
            {"2026-11-25 10:00", 9000},
            {"2026-11-25T10:00:00", 9000},
            {"2026-07-25 10:00", 10639800},  // in summer time
            {"@1795606200", 0},
            {"@1795606199.25", 0.75},
            {"@0", 1795606200},
            {"-100y", 1795606200},
    };
    for (const auto& row : rows)
        is_before(row.text, row.before);
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_refused) {
    for (const char* text : {"",
                             " ",
                             "-",
                             "@",
                             "@x",
                             "@1.",

                             "@99999999999999999999",
                             "-5fortnights",
                             "--5min",
                             "5min",
                             "25:00",
                             "10:61",
                             "10",
                             "1:2:3:4",
                             "2026-02-31",
                             "2026-13-01",
                             "26-01-01",
                             "2026-11-25 x",
                             "tomorrow",
                             "-99999999999999999999s",
                             "-18446744073709y",
                             "\x1b[2J"}) {
        const auto time = parse_when(text, kNow);
        BOOST_TEST(!time, text);
        if (!time) BOOST_TEST(time.error().message().find('\x1b') == std::string::npos);
    }
}
