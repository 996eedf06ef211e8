// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/jobs.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using namespace boxctl::state;

namespace {

const Job kJob = {.number = 3,
                  .pid = 4711,
                  .started = 1790000000,
                  .user = "alice",
                  .command = "sh -c \x1b[2J\xff\n"};

}  // namespace

BOOST_AUTO_TEST_CASE(jobs_come_back_as_they_were) {
    const auto listed = jobs_from_json(to_json({kJob, Job()}, {17, 99}));
    BOOST_TEST_REQUIRE(listed.has_value());
    BOOST_TEST(listed->leader.pid == 17);
    BOOST_TEST(listed->leader.start_time == 99U);
    BOOST_TEST_REQUIRE(listed->jobs.size() == 2U);
    const Job& job = listed->jobs.front();
    BOOST_TEST(job.number == kJob.number);
    BOOST_TEST(job.pid == kJob.pid);
    BOOST_TEST(job.started == kJob.started);
    BOOST_TEST(job.user == kJob.user);
    BOOST_TEST(job.command == kJob.command);
    BOOST_TEST(listed->jobs.back().pid == 0);
}

BOOST_AUTO_TEST_CASE(no_jobs_are_none) {
    const auto listed = jobs_from_json(to_json({}, {17, 99}));
    BOOST_TEST_REQUIRE(listed.has_value());
    BOOST_TEST(listed->jobs.empty());
}

BOOST_AUTO_TEST_CASE(what_is_torn_or_wrong_is_refused) {
    const std::string whole = to_json({kJob}, {17, 99});
    BOOST_TEST(jobs_from_json(whole).has_value());
    for (size_t size = 0; size + 2 < whole.size(); size++)
        BOOST_TEST(!jobs_from_json(whole.substr(0, size)).has_value());
    const struct {
        const char* part;
        const char* other;
    } rows[] = {
            {"\"number\":3", "\"number\":4294967296"},
            {"\"pid\":4711", "\"pid\":2147483648"},
            {"\"pid\":4711", "\"pid\":-1"},
            {"\"leader\":17", "\"leader\":2147483648"},
            {"\"user\":\"alice\"", "\"user\":7"},
            {"\"command\":\"73", "\"command\":\"7x"},
            {"\"jobs\":[", "\"jobs\":[7,"},
    };
    for (const auto& row : rows) {
        std::string text = whole;
        const size_t at = text.find(row.part);
        BOOST_TEST_REQUIRE(at != std::string::npos);
        text.replace(at, std::string_view(row.part).size(), row.other);
        BOOST_TEST(!jobs_from_json(text).has_value(), row.other);
    }
}
