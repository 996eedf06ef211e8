// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes from services and goes to people: notices, answers, log lines, JSON, pauses.
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/init/endpoint.h"
#include "lib/init/log.h"
#include "lib/init/page.h"
#include "lib/init/policy.h"
#include "lib/init/probe.h"

using namespace boxctl::init;

namespace {

/// What `act` writes to the descriptor it is given.
template <class Act>
std::string written(Act act) {
    int pipe[2] = {};
    BOOST_REQUIRE(pipe2(pipe, O_CLOEXEC) == 0);
    act(pipe[1]);
    close(pipe[1]);
    std::string all;
    char bytes[4096];
    ssize_t got = 0;
    while ((got = read(pipe[0], bytes, sizeof bytes)) > 0)
        all.append(bytes, static_cast<size_t>(got));
    close(pipe[0]);
    return all;
}

std::string json(const std::string& text) {
    char buffer[256];
    Page page(buffer, sizeof buffer);
    page.json(text.data(), text.size());
    return {page.text(), page.size()};
}

Notice notice_of(const std::string& text) {
    Notice notice;
    read_notice(text.data(), text.size(), notice);
    return notice;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(service_news)

BOOST_AUTO_TEST_CASE(output_becomes_lines_that_name_the_service) {
    const std::string all = written([](int fd) {
        LogWriter writer(fd, LogFormat::prefix);
        static LogBuffer buffer;
        buffer.take("one\ntw", 6, "web", writer);
        buffer.take("o\n\nlast", 7, "web", writer);
        buffer.flush("web", writer);
        buffer.flush("web", writer);
        char kept[kLogKept];
        BOOST_TEST(std::string(kept, buffer.copy_latest(kept)) == "one\ntwo\n\nlast\n");
    });
    BOOST_TEST(all == "web | one\nweb | two\nweb | \nweb | last\n");
}

BOOST_AUTO_TEST_CASE(a_long_line_is_broken_and_the_oldest_are_forgotten) {
    static LogBuffer buffer;
    const std::string all = written([](int fd) {
        LogWriter writer(fd, LogFormat::prefix);
        const std::string line(kLogLine + 10, 'x');
        buffer.take(line.data(), line.size(), "a", writer);
        buffer.take("\n", 1, "a", writer);
    });
    BOOST_TEST(all == "a | " + std::string(kLogLine, 'x') + "\na | xxxxxxxxxx\n");
    LogWriter nowhere(-1, LogFormat::prefix);
    for (int i = 0; i < 2000; i++) {
        const std::string line = "line " + std::to_string(i) + "\n";
        buffer.take(line.data(), line.size(), "a", nowhere);
    }
    BOOST_TEST(nowhere.lost() == 2000U);
    char kept[kLogKept];
    const std::string latest(kept, buffer.copy_latest(kept));
    BOOST_TEST(latest.starts_with("line "));
    BOOST_TEST(latest.ends_with("line 1999\n"));
    BOOST_TEST(latest.size() > kLogKept - 20);
}

BOOST_AUTO_TEST_CASE(json_is_json_whatever_a_service_writes) {
    BOOST_TEST(json("a\"b\\c") == R"("a\"b\\c")");
    BOOST_TEST(json("\x1b[0m\n\x7f") == R"("\u001b[0m\u000a\u007f")");
    BOOST_TEST(json("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x9f") ==
               "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x9f\"");
    for (const char* bad :
         {"\x80", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
        BOOST_TEST(json(bad).starts_with("\"\\ufffd"), bad);
    const std::string line = written([](int fd) {
        LogWriter writer(fd, LogFormat::json);
        writer.write("web", "x\"y", 3);
    });
    BOOST_TEST(line.starts_with("{\"time\":"));
    BOOST_TEST(line.ends_with(",\"service\":\"web\",\"message\":\"x\\\"y\"}\n"));
    const std::string control(kLogLine, '\x01');
    const std::string halved = written([&](int fd) {
        LogWriter(fd, LogFormat::json).write("web", control.data(), control.size());
    });
    BOOST_TEST(halved.ends_with("\\u0001\"}\n"));
}

BOOST_AUTO_TEST_CASE(notices_are_read_line_by_line) {
    BOOST_TEST(notice_of("READY=1").ready);
    BOOST_TEST(notice_of("STATUS=x\nREADY=1\n").ready);
    for (const char* text : {"", "READY=0", "READY=10", "XREADY=1", "ready=1", "\n\n", "READY=1x"})
        BOOST_TEST(!notice_of(text).ready, text);
    BOOST_TEST(std::string(notice_of("A=b\nSTATUS=at work\n").status) == "at work");
    BOOST_TEST(std::string(notice_of("STATUS=" + std::string(500, 'x')).status).size() == 95U);
}

BOOST_AUTO_TEST_CASE(an_answer_is_good_from_200_to_399) {
    const auto judge = [](const std::string& text) { return judge_http(text.data(), text.size()); };
    for (const char* text : {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 399", "HTTP/1.0 301 Moved"})
        BOOST_TEST((judge(text) == ProbeNews::good), text);
    for (const char* text : {"HTTP/1.1 500", "HTTP/1.1 404 No", "HTTP/1.1 20", "HTTP/2 200",
                             "SSH-2.0-x", "", "HTTP/1.1  20", "HTTP/1.1 2x0"})
        BOOST_TEST((judge(text) == ProbeNews::bad), text);
}

BOOST_AUTO_TEST_CASE(pauses_double_up_to_a_minute) {
    Service service;
    service.restart_delay = 100;
    const std::pair<uint32_t, int64_t> rows[] = {{0, 100},
                                                 {1, 100},
                                                 {2, 200},
                                                 {3, 400},
                                                 {10, 51200},
                                                 {11, kMaxRestartDelay},
                                                 {1000000, kMaxRestartDelay}};
    for (const auto& [failures, delay] : rows)
        BOOST_TEST(restart_delay(service, failures) == delay);
    service.restart_delay = 0;
    BOOST_TEST(restart_delay(service, 1000000) == 0);
}

BOOST_AUTO_TEST_CASE(what_counts_as_a_good_end) {
    Service simple;
    Service oneshot;
    oneshot.type = ServiceType::oneshot;
    BOOST_TEST(ended_well(simple, 0, true));
    BOOST_TEST(!ended_well(simple, 0, false));
    BOOST_TEST(!ended_well(simple, 1, true));
    for (const int status : {129, 130, 141, 143})
        BOOST_TEST(ended_well(simple, status, true));
    for (const int status : {137, 139, 134})
        BOOST_TEST(!ended_well(simple, status, true));
    BOOST_TEST(ended_well(oneshot, 0, false));
    BOOST_TEST(!ended_well(oneshot, 143, false));
}

BOOST_AUTO_TEST_SUITE_END()
