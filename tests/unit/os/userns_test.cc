// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/userns.h"

#include <array>
#include <cstdio>

#include <sched.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"
#include "lib/os/process.h"

using namespace boxctl;

namespace {

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id /*id*/) {
    return geteuid() == 0;
}

std::string children() {
    const std::string self = std::to_string(getpid());
    return std::move(os::read_file("/proc/self/task/" + self + "/children")).value();
}

/// Of the process that enters it; 0: as wanted.
int look_from_inside(const os::UniqueFd& userns) {
    if (setns(userns.get(), CLONE_NEWUSER) < 0) return 1;
    FILE* file = fopen("/proc/self/uid_map", "re");
    if (file == nullptr) return 2;
    std::array<unsigned, 6> got = {};
    const int count =
            fscanf(file, "%u %u %u %u %u %u", &got[0], &got[1], &got[2], &got[3], &got[4], &got[5]);
    const std::array<unsigned, 6> want = {0, 700000, 65536, 2147483646, 0, 1};
    return count == 6 && got == want ? 0 : 3;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(userns, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(a_namespace_has_the_maps_and_no_process) {
    const std::string lines = "0 700000 65536\n2147483646 0 1\n";
    const std::string before = children();
    errno = 0;
    const auto userns = os::make_userns(lines, lines);
    BOOST_REQUIRE(userns);
    BOOST_TEST(errno == 0);  // the holder shares it
    BOOST_TEST(children() == before);

    const auto child = os::clone_process({});
    BOOST_REQUIRE(child);
    if (child->pid == 0) _exit(look_from_inside(*userns));
    const auto status = os::wait_for(child->pidfd);
    BOOST_REQUIRE(status);
    BOOST_TEST(status->code == 0);
}

BOOST_AUTO_TEST_CASE(a_map_that_the_kernel_refuses_is_an_error_and_leaves_no_process) {
    const std::string before = children();
    const auto userns = os::make_userns("0 700000 0\n", "0 700000 1\n");
    BOOST_REQUIRE(!userns);
    BOOST_TEST(userns.error().code() == EINVAL);
    BOOST_TEST(children() == before);
}

BOOST_AUTO_TEST_SUITE_END()
