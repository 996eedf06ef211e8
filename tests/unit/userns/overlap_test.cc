// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/overlap.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <stdlib.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl::userns;
using namespace std::string_literals;

namespace {

std::string shown(const std::vector<IdSpan>& spans) {
    std::string text;
    for (const IdSpan& span : spans)
        text += describe(span) + " ";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(id_column_joins_neighbours_and_skips_rubbish) {
    const std::pair<std::string, std::string> rows[] = {
            {"", ""},
            {"root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:\nbin:x:2:2::/:\nx:x:9:9::/:", "0..2 9..9 "},
            {"b:x:5:\na:x:4:\na:x:4:\n", "4..5 "},
            {"bad\nworse:x\nneg:x:-1:\nbig:x:4294967296:\n:::\n", ""},
            {"m:x:4294967295:\n", "4294967295..4294967295 "},
            {"n:\0:7:\n"s, "7..7 "},
    };
    for (const auto& [text, expected] : rows) {
        BOOST_CHECK_EQUAL(shown(parse_id_column(text)), expected);
    }
}

BOOST_AUTO_TEST_CASE(subids_are_told_apart_by_owner) {
    const std::string text =
            "alice:100000:65536\nroot:1000000:10\n0:2000000:10\n1000:3000000:10\n"
            "bad:x:10\nbad:5:0\nbad:5\nlong:4294967295:4294967295";
    BOOST_CHECK_EQUAL(shown(parse_subids(text, Owner::others)),
                      "100000..165535 3000000..3000009 4294967295..8589934589 ");
    BOOST_CHECK_EQUAL(shown(parse_subids(text, Owner::root)), "1000000..1000009 2000000..2000009 ");
}

BOOST_AUTO_TEST_CASE(id_maps_are_their_outside_part) {
    BOOST_CHECK_EQUAL(shown(parse_id_map("         0     524288      65536\n")), "524288..589823 ");
    BOOST_CHECK_EQUAL(shown(parse_id_map("0 1000 1\n1 100000 65536\n")),
                      "1000..1000 100000..165535 ");
    BOOST_CHECK_EQUAL(shown(parse_id_map("         0          0 4294967295\n")), "");
    BOOST_CHECK_EQUAL(shown(parse_id_map("0 0 65536\n")), "0..65535 ");
    BOOST_CHECK_EQUAL(shown(parse_id_map("\n0 1\n0 1 x\n0 1 0\n")), "");
}

BOOST_AUTO_TEST_CASE(spans_overlap_when_they_share_an_id) {
    const IdSpan span = {100, 10};
    BOOST_CHECK(span.overlaps({109, 1}));
    BOOST_CHECK(span.overlaps({0, 101}));
    BOOST_CHECK(span.overlaps({104, 1}));
    BOOST_CHECK(span.overlaps({0, 5000}));
    BOOST_CHECK(!span.overlaps({110, 1}));
    BOOST_CHECK(!span.overlaps({99, 1}));
    const IdSpan end = {4294967295, 4294967295};
    BOOST_CHECK(end.overlaps({4294967296, 1}));
}

BOOST_AUTO_TEST_CASE(missing_host_files_are_empty) {
    const auto ids = read_host_ids("/nowhere");
    BOOST_REQUIRE(ids);
    BOOST_CHECK(ids->taken.empty() && ids->roots.empty());
}
