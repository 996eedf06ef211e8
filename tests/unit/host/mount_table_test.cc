// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/mount_table.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/host/tree.h"

using namespace boxctl::host;

namespace {

std::vector<MountEntry> sample() {
    const Tree tree;
    tree.put("/mountinfo",
             "20 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
             "21 20 0:5 / /run rw - tmpfs tmpfs rw\n"
             "22 21 0:6 / /run/box\\040ctl rw shared:7 - tmpfs none rw\n"
             "23 21 0:7 / /run rw shared:9 - tmpfs over rw\n"
             "24 20 0:8 / /running rw - tmpfs t rw\n");
    auto mounts = read_mounts(tree.at("/mountinfo"));
    BOOST_REQUIRE(mounts);
    return std::move(mounts).value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(mount_table_is_read_with_escapes_and_propagation) {
    const auto mounts = sample();
    BOOST_REQUIRE_EQUAL(mounts.size(), 5U);
    BOOST_CHECK_EQUAL(mounts[2].id, 22U);
    BOOST_CHECK_EQUAL(mounts[2].target, "/run/box ctl");
    BOOST_CHECK_EQUAL(mounts[2].type, "tmpfs");
    BOOST_CHECK_EQUAL(mounts[0].source, "/dev/sda1");
    BOOST_CHECK(mounts[0].shared);
    BOOST_CHECK(!mounts[1].shared);
}

BOOST_AUTO_TEST_CASE(the_last_mount_on_the_longest_target_counts) {
    const auto mounts = sample();
    BOOST_CHECK_EQUAL(mount_of(mounts, "/run/x")->id, 23U);
    BOOST_CHECK_EQUAL(mount_of(mounts, "/running")->id, 24U);
    BOOST_CHECK_EQUAL(mount_of(mounts, "/runner")->id, 20U);
    BOOST_CHECK_EQUAL(mount_of(mounts, "/")->id, 20U);
    BOOST_CHECK(mount_of({}, "/") == nullptr);
}

BOOST_AUTO_TEST_CASE(mounts_below_come_in_the_order_to_unmount_them) {
    const auto below = mounts_below(sample(), "/run");
    BOOST_REQUIRE_EQUAL(below.size(), 3U);
    BOOST_CHECK_EQUAL(below[0].id, 23U);
    BOOST_CHECK_EQUAL(below[1].id, 22U);
    BOOST_CHECK_EQUAL(below[2].id, 21U);
}

BOOST_AUTO_TEST_CASE(own_mount_table_can_be_read_and_a_missing_one_not) {
    const auto own = read_mounts();
    BOOST_REQUIRE(own);
    BOOST_CHECK(mount_of(*own, "/proc/self") != nullptr);
    BOOST_CHECK_EQUAL(mount_of(*own, "/proc/self")->type, "proc");
    BOOST_CHECK(!read_mounts("/nowhere/mountinfo"));
}
