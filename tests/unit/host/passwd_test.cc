// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/passwd.h"

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"

using namespace boxctl;
using namespace boxctl::host;
using namespace std::string_literals;

namespace {

// As an attacker would write it: names that are numbers, ids that wrap to 0.
const std::string kPasswd =
        "root:x:0:0:root:/root:/bin/ash\n"
        "1000:x:0:0::/:/bin/sh\n"
        "4294967296:x:0:0::/:/bin/sh\n"
        "wrap:x:4294967296:0::/:/bin/sh\n"
        "invalid:x:4294967295:0::/:/bin/sh\n"
        "minus:x:-1:0::/:/bin/sh\n"
        "short:x:5:5:/home/short\n"
        "alice:x:1001:100:Alice:/home/alice:/bin/bash\r\n"
        "alice:x:0:0:again:/:/bin/sh\n"
        "bob:x:1002:100::relative:\n"
        "nul\0:x:1:1::/:/bin/sh\n"s
        "last:x:1003:1003::/home/last:/bin/sh";
const std::string kGroup =
        "root:x:0:root\nwheel:x:10:root,alice\nusers:x:100:alice\naudio:x:18:bob,alice\n"
        "again:x:18:alice\nwrap:x:4294967296:alice\nali:x:7:alic,alicex\n";

}  // namespace

BOOST_AUTO_TEST_CASE(user_strings_are_taken_strictly) {
    struct Row {
        const char* wanted;
        int64_t uid;  // -1: an error
        int64_t gid;
    };
    const Row rows[] = {
            {"root", 0, 0},
            {"0", 0, 0},
            {"1000", 1000, 65534},
            {"1001", 1001, 100},
            {"alice", 1001, 100},
            {"last", 1003, 1003},
            {"4294967294", 4294967294, 65534},
            {"4294967295", -1, 0},
            {"4294967296", -1, 0},
            {"99999999999999999999999", -1, 0},
            {"", -1, 0},
            {"-1", -1, 0},
            {" 0", -1, 0},
            {"0 ", -1, 0},
            {"00", -1, 0},
            {"01000", -1, 0},
            {"0x0", -1, 0},
            {"1e3", -1, 0},
            {"+0", -1, 0},
            {"1:0", -1, 0},
            {"1:4294967296", -1, 0},
            {"٣", -1, 0},
            {"wrap", -1, 0},
            {"invalid", -1, 0},
            {"minus", -1, 0},
            {"short", -1, 0},
            {"nobody-knows", -1, 0},
            {"nul", -1, 0},
            {"root:x", -1, 0},
            {"\n", -1, 0},
    };
    for (const Row& row : rows) {
        const auto user = find_user(kPasswd, kGroup, row.wanted);
        BOOST_CHECK_MESSAGE(user.has_value() == (row.uid >= 0), quote(row.wanted));
        if (!user) continue;
        BOOST_CHECK_EQUAL(user->uid, row.uid);
        BOOST_CHECK_EQUAL(user->gid, row.gid);
    }
}

BOOST_AUTO_TEST_CASE(user_carries_home_shell_and_groups) {
    const auto alice = find_user(kPasswd, kGroup, "alice");
    BOOST_REQUIRE(alice);
    BOOST_CHECK_EQUAL(alice->name, "alice");
    BOOST_CHECK_EQUAL(alice->home, "/home/alice");
    BOOST_CHECK_EQUAL(alice->shell, "/bin/bash");
    const std::vector<gid_t> groups = {10, 18};
    BOOST_CHECK(alice->groups == groups);
    const auto bob = find_user(kPasswd, kGroup, "bob");
    BOOST_REQUIRE(bob);
    BOOST_CHECK_EQUAL(bob->home, "/");
    BOOST_CHECK_EQUAL(bob->shell, "/bin/sh");
}

BOOST_AUTO_TEST_CASE(root_exists_without_passwd) {
    for (const char* wanted : {"root", "0"}) {
        const auto user = find_user("", "", wanted);
        BOOST_REQUIRE(user);
        BOOST_CHECK_EQUAL(user->uid, 0U);
        BOOST_CHECK_EQUAL(user->gid, 0U);
        BOOST_CHECK_EQUAL(user->home, "/root");
        BOOST_CHECK_EQUAL(user->shell, "/bin/sh");
        BOOST_CHECK(user->groups.empty());
    }
    BOOST_CHECK(!find_user("", "", "alice"));
}

BOOST_AUTO_TEST_CASE(messages_show_no_control_bytes) {
    const auto user = find_user(kPasswd, kGroup, "a\x1b[31m");
    BOOST_REQUIRE(!user);
    BOOST_CHECK_EQUAL(user.error().message(), "user 'a\\x1b[31m' is not in the box's /etc/passwd");
}
