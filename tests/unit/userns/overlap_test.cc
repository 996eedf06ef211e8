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

/// A directory that looks like /proc.
class FakeProc {
 public:
    FakeProc() { BOOST_REQUIRE(mkdtemp(root_)); }
    FakeProc(const FakeProc&) = delete;
    FakeProc& operator=(const FakeProc&) = delete;
    FakeProc(FakeProc&&) = delete;
    FakeProc& operator=(FakeProc&&) = delete;
    ~FakeProc() { std::filesystem::remove_all(root_); }

    [[nodiscard]] std::string path() const { return root_; }
    void link(const std::string& name, const std::string& to) const {
        make_room(name);
        std::filesystem::remove(path() + "/" + name);
        std::filesystem::create_symlink(to, path() + "/" + name);
    }
    void file(const std::string& name, const std::string& text) const {
        make_room(name);
        std::ofstream(path() + "/" + name) << text;
    }
    /// A process in the user namespace `number`, which maps its 0 to `first`.
    void process(const std::string& pid, const std::string& number,
                 const std::string& first) const {
        link(pid + "/ns/user", "user:[" + number + "]");
        file(pid + "/uid_map", "0 " + first + " 10\n");
        file(pid + "/gid_map", "0 " + first + " 10\n");
    }

 private:
    void make_room(const std::string& name) const {
        std::filesystem::create_directories(
                std::filesystem::path(path() + "/" + name).parent_path());
    }
    char root_[32] = "/tmp/boxctl-proc-XXXXXX";
};

/// The places where the maps of `proc` begin.
std::string live(const FakeProc& proc) {
    const auto spans = read_live_maps(proc.path());
    BOOST_REQUIRE(spans);
    std::vector<std::string> found;
    for (const NamedSpan& named : *spans)
        found.push_back(std::to_string(named.span.first));
    std::sort(found.begin(), found.end());
    std::string text;
    for (const std::string& first : found)
        text += first + " ";
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
    BOOST_CHECK(!read_live_maps("/nowhere"));
}

BOOST_AUTO_TEST_CASE(each_foreign_user_namespace_is_read_once) {
    const FakeProc proc;
    proc.link("self/ns/pid", "pid:[7]");
    proc.link("self/ns/user", "user:[1]");
    proc.process("10", "1", "1000");  // our own
    proc.process("11", "2", "2000");
    proc.process("12", "2", "2000");  // the same once more
    proc.process("not-a-process", "3", "4000");
    BOOST_CHECK_EQUAL(live(proc), "2000 2000 ");
}

BOOST_AUTO_TEST_CASE(threads_of_the_kernel_are_passed_over_where_they_can_be_told) {
    const FakeProc proc;
    proc.link("self/ns/pid", "pid:[4026531836]");
    proc.link("self/ns/user", "user:[1]");
    proc.file("2/task/2/children", "30 4 ");
    proc.link("2/ns/user", "user:[1]");
    proc.process("4", "8", "4000");
    proc.process("30", "9", "30000");
    proc.process("3", "7", "3000");
    BOOST_CHECK_EQUAL(live(proc), "3000 3000 ");
    // In another PID namespace process 2 is anybody, and so are its children.
    proc.link("self/ns/pid", "pid:[7]");
    BOOST_CHECK_EQUAL(live(proc), "3000 3000 30000 30000 4000 4000 ");
    proc.link("self/ns/pid", "pid:[4026531836]");
    std::filesystem::remove(proc.path() + "/2/task/2/children");
    BOOST_CHECK_EQUAL(live(proc), "3000 3000 30000 30000 4000 4000 ");
}
