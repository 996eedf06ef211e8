// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/binds.h"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace boxctl;

namespace {

state::BindNote sample() {
    state::BindNote note;
    note.id = 4711;
    note.serial = UINT64_MAX;
    note.source = "/srv/\xff\"\n\x1b[2J";
    note.target = "/mnt/a b";
    note.place = "/mnt/\xc3\x28";
    note.read_only = true;
    return note;
}

std::string without(std::string text, const std::string& key) {
    const size_t at = text.find("\"" + key + "\"");
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, key << " is not in " << text);
    return text.replace(at + 1, 1, "X");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_note_comes_back_as_it_was) {
    const state::BindNote written = sample();
    const auto read = state::bind_from_json(to_json(written, {INT32_MAX, UINT64_MAX}));
    BOOST_REQUIRE(read);
    BOOST_TEST(read->note.id == written.id);
    BOOST_TEST(read->note.serial == written.serial);
    BOOST_TEST(read->note.source == written.source);
    BOOST_TEST(read->note.target == written.target);
    BOOST_TEST(read->note.place == written.place);
    BOOST_TEST(read->note.read_only == written.read_only);
    BOOST_TEST(read->leader.pid == INT32_MAX);
    BOOST_TEST(read->leader.start_time == UINT64_MAX);
}

BOOST_AUTO_TEST_CASE(a_note_with_a_member_missing_or_malformed_is_an_error) {
    const std::string text = to_json(sample(), {1, 2});
    for (const char* key :
         {"id", "serial", "source", "target", "place", "read_only", "leader", "leader_start"}) {
        const auto read = state::bind_from_json(without(text, key));
        BOOST_REQUIRE_MESSAGE(!read, "without " << key);
        BOOST_TEST(read.error().message().find(key) != std::string::npos);
    }
    BOOST_TEST(!state::bind_from_json(""));
    BOOST_TEST(!state::bind_from_json(text.substr(0, text.size() / 2)));
    BOOST_TEST(!state::bind_from_json(to_json(sample(), {-1, 2})));
    std::string odd = text;
    odd.replace(odd.find("2f"), 2, "2g");
    BOOST_TEST(!state::bind_from_json(odd));
}
