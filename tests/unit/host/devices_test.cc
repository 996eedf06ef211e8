// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl::host;

namespace {

constexpr const char* kText =
        "Character devices:\n"
        "  1 mem\n"
        "  4 /dev/vc/0\n"
        "  5 ptmx\n"
        "136 pts\n"
        "137 pts\n"
        "226 drm\n"
        "\n"
        "Block devices:\n"
        "  7 loop\n"
        "226 drm\n"
        "259 blkext\n";

std::vector<unsigned> majors(const std::string& rule, const char* text = kText) {
    std::vector<unsigned> found;
    for (const DeviceNumber& device : match_device_group(text, rule)) {
        BOOST_TEST(!device.minor_number.has_value());
        BOOST_TEST(device.block == rule.starts_with("block-"));
        found.push_back(device.major_number);
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(devices)

BOOST_AUTO_TEST_CASE(groups_are_those_of_proc_devices) {
    const struct {
        const char* rule;
        std::vector<unsigned> expected;
    } rows[] = {
            {"char-pts", {136, 137}},
            {"char-drm", {226}},
            {"block-drm", {226}},
            {"block-loop", {7}},
            {"char-loop", {}},
            {"block-mem", {}},
            {"char-/dev/vc/0", {4}},
            {"char-p*", {5, 136, 137}},
            {"block-*", {7, 226, 259}},
            {"char-", {}},
            {"pts", {}},
            {"", {}},
    };
    for (const auto& row : rows)
        BOOST_TEST((majors(row.rule) == row.expected), row.rule);
}

BOOST_AUTO_TEST_CASE(a_malformed_list_names_nothing) {
    BOOST_TEST(majors("char-*", "").empty());
    BOOST_TEST(majors("char-*", "1 mem\n").empty());
    BOOST_TEST(majors("char-*", "Character devices:\nx mem\n-1 y\n99999999999 z\n1\n").empty());
    BOOST_TEST(majors("char-*", "Character devices:\n1 mem").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_node_is_looked_at) {
    BOOST_TEST((find_devices("/dev/null") == std::vector{DeviceNumber{false, 1, 3}}));
    BOOST_TEST(find_devices("/dev/no-such").empty());
    BOOST_TEST(find_devices("/dev").empty());
    BOOST_TEST(!find_devices("char-mem").empty());
    BOOST_TEST(find_devices("char-no-such").empty());
}

BOOST_AUTO_TEST_CASE(numbers_are_taken_apart) {
    BOOST_TEST((device_of(S_IFBLK | 0600, gnu_dev_makedev(259, 1048575)) ==
                DeviceNumber{true, 259, 1048575}));
    BOOST_TEST((device_of(S_IFCHR, gnu_dev_makedev(0, 0)) == DeviceNumber{false, 0, 0}));
    for (const mode_t mode : {S_IFREG, S_IFDIR, S_IFIFO, S_IFSOCK, S_IFLNK})
        BOOST_TEST(!device_of(mode, 1).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
