// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/change.h"

#include "tests/unit/cgroup/files.h"

using namespace boxctl;
using cgroup_test::Files;

namespace {

void add_part(const Files& files, const std::string& name, const char* events) {
    files.write(name + "/cgroup.freeze", "0");
    files.write(name + "/cgroup.events", events);
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_parts_of_a_box_are_frozen_but_not_its_supervisor) {
    const Files files;
    add_part(files, "payload", "populated 1\nfrozen 1\n");
    add_part(files, "jobs", "populated 1\nfrozen 1\n");
    add_part(files, "supervisor", "populated 1\nfrozen 0\n");
    BOOST_TEST(cgroup::freeze_box(files.open()).has_value());
    BOOST_TEST(files.read("payload/cgroup.freeze") == "1");
    BOOST_TEST(files.read("jobs/cgroup.freeze") == "1");
    BOOST_TEST(files.read("supervisor/cgroup.freeze") == "0");
    BOOST_TEST(cgroup::thaw_box(files.open()).has_value());
    BOOST_TEST(files.read("payload/cgroup.freeze") == "0");
    BOOST_TEST(files.read("jobs/cgroup.freeze") == "0");
}

BOOST_AUTO_TEST_CASE(half_a_frozen_box_is_thawed_again) {
    const Files files;
    // In whatever order they are listed, some come before the one that fails.
    constexpr int kParts = 32;
    const auto part = [](int i) { return "part" + std::to_string(i); };
    for (int i = 0; i < kParts; i++)
        add_part(files, part(i), "frozen 1\n");
    files.write("part/cgroup.freeze/file", "");  // neither gone nor writable
    const auto done = cgroup::begin_freeze(files.open());
    BOOST_TEST(!done.has_value());
    for (int i = 0; i < kParts; i++)
        BOOST_TEST(files.read(part(i) + "/cgroup.freeze") == "0", part(i));
}

BOOST_AUTO_TEST_CASE(a_part_that_vanishes_is_no_failure) {
    const Files files;
    add_part(files, "payload", "frozen 1\n");
    files.write("gone/other", "");
    BOOST_TEST(cgroup::begin_freeze(files.open()).has_value());
    BOOST_TEST(files.read("payload/cgroup.freeze") == "1");
}

BOOST_AUTO_TEST_CASE(limits_are_checked_before_anything_is_written) {
    const Files files;
    files.write("memory.max", "max");
    const std::string path = os::host_path(files.open()).value();
    for (const settings::Assignment& wrong :
         {settings::Assignment{"MemoryMax", "much"}, settings::Assignment{"NoSuchLimit", "1"}}) {
        const auto done = cgroup::change_limits(path, {{"MemoryMax", "1G"}, wrong});
        BOOST_TEST(!done.has_value(), wrong.name);
        BOOST_TEST(files.read("memory.max") == "max", wrong.name);
    }
}
