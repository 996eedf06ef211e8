// SPDX-License-Identifier: LGPL-2.1-or-later
// Bind sources: whose links are followed where to (B13).
#include "lib/os/source.h"

#include <filesystem>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

namespace {

using namespace boxctl;

constexpr uid_t kStranger = 61234;

/// A directory of a stranger's beside one of root's.
struct Ground {
    Ground() {
        char pattern[] = "/tmp/boxctl-source.XXXXXX";
        top = mkdtemp(pattern);
        chmod(top.c_str(), 0755);
        std::filesystem::create_directories(top + "/theirs/own");
        std::filesystem::create_directories(top + "/roots");
        for (const char* name : {"/theirs", "/theirs/own"}) {
            if (chown((top + name).c_str(), kStranger, kStranger) < 0) usable = false;
        }
    }
    ~Ground() { std::filesystem::remove_all(top); }
    Ground(const Ground&) = delete;
    Ground& operator=(const Ground&) = delete;

    void link(const std::string& to, const std::string& name, uid_t owner) const {
        std::filesystem::create_symlink(to, top + name);
        BOOST_REQUIRE_EQUAL(lchown((top + name).c_str(), owner, owner), 0);
    }
    [[nodiscard]] bool same(const Result<os::UniqueFd>& found, const std::string& name) const {
        if (!found) return false;
        struct stat there = {};
        struct stat here = {};
        return fstat(found->get(), &there) == 0 && stat((top + name).c_str(), &here) == 0 &&
               there.st_ino == here.st_ino;
    }

    std::string top;
    bool usable = true;
};

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
    return geteuid() == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(source, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(a_path_without_links_is_opened) {
    const Ground ground;
    BOOST_TEST(ground.same(os::open_source(ground.top + "/roots"), "/roots"));
    BOOST_TEST(ground.same(os::open_source(ground.top + "/theirs/own"), "/theirs/own"));
}

BOOST_AUTO_TEST_CASE(links_of_root_lead_anywhere) {
    const Ground ground;
    ground.link("../roots", "/theirs/to-root", 0);
    BOOST_TEST(ground.same(os::open_source(ground.top + "/theirs/to-root"), "/roots"));
}

BOOST_AUTO_TEST_CASE(links_of_a_user_lead_to_what_is_that_users) {
    const Ground ground;
    ground.link("own", "/theirs/relative", kStranger);
    ground.link(ground.top + "/theirs/own", "/theirs/absolute", kStranger);
    BOOST_TEST(ground.same(os::open_source(ground.top + "/theirs/relative"), "/theirs/own"));
    BOOST_TEST(ground.same(os::open_source(ground.top + "/theirs/absolute"), "/theirs/own"));
}

BOOST_AUTO_TEST_CASE(links_of_a_user_lend_no_reach) {
    const Ground ground;
    ground.link("../roots", "/theirs/up", kStranger);
    ground.link(ground.top, "/theirs/top", kStranger);
    for (const char* name : {"/theirs/up", "/theirs/top/roots"}) {
        const auto found = os::open_source(ground.top + name);
        BOOST_TEST(!found);
    }
    // The control: the kernel's own walk follows both.
    BOOST_TEST(ground.same(os::open_host(ground.top + "/theirs/up", O_PATH), "/roots"));
}

BOOST_AUTO_TEST_CASE(magic_links_are_refused) {
    const Ground ground;
    const auto held = os::open_host(ground.top + "/roots", O_PATH);
    BOOST_REQUIRE(held);
    const auto found = os::open_source(os::fd_path(*held));
    BOOST_REQUIRE(!found);
    BOOST_TEST(found.error().code() == ELOOP);
    BOOST_TEST(!os::open_source("/proc/self/root"));
}

BOOST_AUTO_TEST_CASE(a_circle_of_links_ends) {
    const Ground ground;
    ground.link("b", "/a", 0);
    ground.link("a", "/b", 0);
    const auto found = os::open_source(ground.top + "/a");
    BOOST_REQUIRE(!found);
    BOOST_TEST(found.error().code() == ELOOP);
}

BOOST_AUTO_TEST_SUITE_END()
