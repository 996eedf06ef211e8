// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/ids.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

using namespace boxctl;
using namespace boxctl::userns;
using Kind = IdPlan::Kind;

namespace {

// Places of a test's own; /proc is the machine's.
struct Playground {
    Playground() {
        char path[] = "/tmp/boxctl-ids-XXXXXX";
        BOOST_REQUIRE(mkdtemp(path) != nullptr);
        root = path;
        places.locks = root + "/run/boxctl/.uid";
        places.nspawn = root + "/nspawn-uid";
        places.etc = root + "/etc";
        std::filesystem::create_directories(places.etc);
    }
    Playground(const Playground&) = delete;
    Playground& operator=(const Playground&) = delete;
    ~Playground() {
        std::error_code ignored;
        std::filesystem::remove_all(root, ignored);
    }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream(root + name) << text;
    }
    void with_nspawn() const { std::filesystem::create_directories(places.nspawn); }

    std::string root;
    Places places;
};

IdPlan pick(const std::string& seed) {
    return {Kind::pick, 0, 65536, seed};
}
IdPlan fixed(uint32_t base, uint32_t count = 65536) {
    return {Kind::fixed, base, count, ""};
}

std::string refusal(const IdPlan& plan, const Places& places) {
    const auto range = claim(plan, places);
    return range ? "" : range.error().message();
}

bool is_aligned(uint32_t base) {
    return base % 65536 == 0 && base >= 0x80000 && base <= 0x6fff0000;
}

// Locks a file as systemd-nspawn does.
os::UniqueFd lock_like_nspawn(const std::string& path) {
    os::UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd.get(), F_OFD_SETLK, &lock) < 0) fd.reset();
    return fd;
}

struct AsRoot {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        if (geteuid() == 0) return true;
        BOOST_TEST_MESSAGE("skipped: needs root");
        return false;
    }
};

/// Less what a look left there (live_maps.h).
size_t locks_in(const Playground& ground) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(ground.places.locks))
        count += entry.path().filename() == ".look" ? 0 : 1;
    return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_name_has_its_own_stable_range) {
    std::set<uint32_t> bases;
    for (int i = 0; i < 200; i++) {
        const uint32_t base = first_candidate("machine" + std::to_string(i));
        BOOST_CHECK(is_aligned(base));
        BOOST_CHECK_EQUAL(base, first_candidate("machine" + std::to_string(i)));
        bases.insert(base);
    }
    BOOST_CHECK_GT(bases.size(), 190U);
    BOOST_CHECK(is_aligned(first_candidate("")));
}

BOOST_AUTO_TEST_CASE(host_and_identity_take_no_lock) {
    const Playground ground;
    for (const Kind kind : {Kind::host, Kind::identity}) {
        auto range = claim({kind, 5, 7, ""}, ground.places);
        BOOST_REQUIRE(range);
        BOOST_CHECK_EQUAL(map_line(*range), "0 0 65536\n");
        BOOST_CHECK(!range->lock.held());
        release(*range);
    }
    BOOST_CHECK(!std::filesystem::exists(ground.places.locks));
}

BOOST_AUTO_TEST_CASE(a_range_is_locked_until_released) {
    const Playground ground;
    auto first = claim(pick("of-a-unit-test"), ground.places);
    BOOST_REQUIRE(first);
    BOOST_CHECK_EQUAL(first->base, first_candidate("of-a-unit-test"));
    BOOST_CHECK_EQUAL(map_line(*first), "0 " + std::to_string(first->base) + " 65536\n");
    BOOST_CHECK(os::is_locked(first->lock.path()));
    auto second = claim(pick("of-a-unit-test"), ground.places);
    BOOST_REQUIRE(second);
    BOOST_CHECK_NE(second->base, first->base);
    BOOST_CHECK(is_aligned(second->base));
    release(*first);
    release(*first);
    release(*second);
    BOOST_CHECK(locks_in(ground) == 0);
    BOOST_CHECK_EQUAL(claim(pick("of-a-unit-test"), ground.places)->base,
                      first_candidate("of-a-unit-test"));
}

BOOST_AUTO_TEST_CASE(a_stale_lock_file_is_no_owner) {
    const Playground ground;
    std::filesystem::create_directories(ground.places.locks);
    std::filesystem::permissions(ground.places.locks, std::filesystem::perms(0700));
    ground.put("/run/boxctl/.uid/" + std::to_string(first_candidate("of-a-unit-test")), "");
    ground.put("/run/boxctl/.uid/rubbish", "");
    BOOST_CHECK_EQUAL(claim(pick("of-a-unit-test"), ground.places)->base,
                      first_candidate("of-a-unit-test"));
}

BOOST_AUTO_TEST_CASE(overlapping_fixed_ranges_exclude_each_other) {
    const Playground ground;
    auto held = claim(fixed(100000), ground.places);
    BOOST_REQUIRE(held);
    BOOST_CHECK_EQUAL(refusal(fixed(100000), ground.places),
                      "ids 100000..165535 are in use: another box has them");
    BOOST_CHECK_EQUAL(refusal(fixed(165535, 1), ground.places),
                      "ids 165535..165535 are in use: another box has 100000..165535");
    BOOST_CHECK_EQUAL(refusal(fixed(99999, 1), ground.places), "");
    BOOST_CHECK_EQUAL(refusal(fixed(165536), ground.places), "");
    release(*held);
    BOOST_CHECK_EQUAL(refusal(fixed(165535, 1), ground.places), "");
}

BOOST_AUTO_TEST_CASE(a_refused_range_leaves_nothing_behind) {
    const Playground ground;
    auto held = claim(fixed(200000), ground.places);
    BOOST_REQUIRE(held);
    BOOST_CHECK_NE(refusal(fixed(200001), ground.places), "");
    release(*held);
    BOOST_CHECK(locks_in(ground) == 0);
}

BOOST_AUTO_TEST_CASE(ranges_of_the_host_are_refused) {
    const Playground ground;
    ground.put("/etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:700000:100::/:/bin/sh\n");
    ground.put("/etc/group", "staff:x:800000:\n");
    ground.put("/etc/subuid", "alice:1000000:65536\nroot:3000000:65536\n");
    ground.put("/etc/subgid", "alice:2000000:65536\n");
    for (const uint32_t base : {690000U, 790000U, 1065535U, 1999999U, 0U}) {
        BOOST_CHECK_MESSAGE(!refusal(fixed(base), ground.places).empty(), base);
    }
    BOOST_CHECK_EQUAL(refusal(fixed(0), ground.places),
                      "--private-users=0:65536 would map the host's root into the box;"
                      " use --private-users=identity if that is meant");
    BOOST_CHECK_EQUAL(refusal(fixed(3000000), ground.places), "");
    BOOST_CHECK_EQUAL(refusal(fixed(1065536), ground.places), "");
}

BOOST_AUTO_TEST_CASE(sizes_at_the_edges) {
    const Playground ground;
    BOOST_CHECK_NE(refusal(fixed(700000, 0), ground.places), "");
    BOOST_CHECK_NE(refusal(fixed(700000, (1U << 24U) + 1), ground.places), "");
    BOOST_CHECK_NE(refusal(fixed(4294967295, 1), ground.places), "");
    BOOST_CHECK_NE(refusal(fixed(4294901760, 65536), ground.places), "");
    BOOST_CHECK_EQUAL(refusal(fixed(4294901759, 65536), ground.places), "");
    BOOST_CHECK_EQUAL(refusal(fixed(700000, 1), ground.places), "");
}

BOOST_AUTO_TEST_CASE(picking_avoids_the_hosts_ranges) {
    const Playground ground;
    const uint32_t first = first_candidate("of-a-unit-test");
    ground.put("/etc/subuid", "root:" + std::to_string(first + 5) + ":10\n");
    auto range = claim(pick("of-a-unit-test"), ground.places);
    BOOST_REQUIRE(range);
    BOOST_CHECK_NE(range->base, first);
    ground.put("/etc/subuid", "alice:524288:1878982656\n");
    BOOST_CHECK_EQUAL(refusal(pick("db"), ground.places),
                      "no free id range found in 100 tries; name one with "
                      "--private-users=BASE");
}

BOOST_AUTO_TEST_CASE(nspawn_and_we_respect_each_other) {
    const Playground ground;
    ground.with_nspawn();
    const uint32_t base = first_candidate("of-a-unit-test");
    const std::string path = ground.places.nspawn + "/" + std::to_string(base);
    os::UniqueFd theirs = lock_like_nspawn(path);
    BOOST_REQUIRE(theirs.valid());
    auto other = claim(pick("of-a-unit-test"), ground.places);
    BOOST_REQUIRE(other);
    BOOST_CHECK_NE(other->base, base);
    BOOST_CHECK_NE(refusal(fixed(base + 1, 10), ground.places), "");
    theirs.reset();
    auto ours = claim(fixed(base, 1000), ground.places);
    auto beside = claim(fixed(base + 1000, 1000), ground.places);
    BOOST_REQUIRE(ours);
    BOOST_REQUIRE(beside);
    BOOST_CHECK(!lock_like_nspawn(path).valid());
    release(*ours);
    BOOST_CHECK(!lock_like_nspawn(path).valid());
    release(*beside);
    BOOST_CHECK(!std::filesystem::exists(path));
    release(*other);
    BOOST_CHECK(std::filesystem::is_empty(ground.places.nspawn));
}

BOOST_AUTO_TEST_CASE(a_lock_directory_open_to_others_is_refused) {
    const Playground ground;
    std::filesystem::create_directories(ground.places.locks);
    std::filesystem::permissions(ground.places.locks, std::filesystem::perms(0777));
    BOOST_CHECK_NE(refusal(pick("of-a-unit-test"), ground.places), "");
}

BOOST_AUTO_TEST_CASE(boxes_started_at_once_never_share) {
    const Playground ground;
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    int hold[2];
    BOOST_REQUIRE_EQUAL(pipe2(hold, O_CLOEXEC), 0);
    constexpr int kBoxes = 40;
    for (int i = 0; i < kBoxes; i++) {
        if (fork() != 0) continue;
        close(hold[1]);
        // All want the same range first; each holds its own until the parent has heard of all.
        const auto range = claim(pick("same"), ground.places);
        const uint32_t base = range ? range->base : 0;
        const bool told = write(ends[1], &base, sizeof base) == sizeof base;
        char byte = 0;
        _exit(told && read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    std::set<uint32_t> bases;
    for (int i = 0; i < kBoxes; i++) {
        uint32_t base = 0;
        BOOST_REQUIRE_EQUAL(read(ends[0], &base, sizeof base), static_cast<ssize_t>(sizeof base));
        bases.insert(base);
    }
    BOOST_CHECK_EQUAL(bases.size(), static_cast<size_t>(kBoxes));
    BOOST_CHECK_EQUAL(bases.count(0), 0U);
    for (const int fd : {ends[0], ends[1], hold[0], hold[1]})
        close(fd);
    for (int i = 0; i < kBoxes; i++)
        wait(nullptr);
}

BOOST_AUTO_TEST_CASE(a_range_that_a_process_lives_in_is_taken,
                     *boost::unit_test::precondition(AsRoot())) {
    const Playground ground;
    const uint32_t base = first_candidate("live");
    int ready[2];
    int hold[2];
    BOOST_REQUIRE_EQUAL(pipe2(ready, O_CLOEXEC), 0);
    BOOST_REQUIRE_EQUAL(pipe2(hold, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        close(hold[1]);
        char byte = unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1 && read(hold[0], &byte, 1) == 0) _exit(0);
        _exit(1);
    }
    char byte = 0;
    BOOST_REQUIRE_EQUAL(read(ready[0], &byte, 1), 1);
    BOOST_REQUIRE_EQUAL(byte, 'y');
    // Only its group map holds the range.
    const std::string proc = "/proc/" + std::to_string(pid);
    BOOST_REQUIRE(os::write_file(proc + "/gid_map", "0 " + std::to_string(base) + " 100\n"));
    const auto other = claim(pick("live"), ground.places);
    BOOST_REQUIRE(other);
    BOOST_CHECK_NE(other->base, base);
    BOOST_CHECK_EQUAL(refusal(fixed(base + 99, 10), ground.places),
                      "ids " + std::to_string(base + 99) + ".." + std::to_string(base + 108) +
                              " are in use: " + proc + "/gid_map has " + std::to_string(base) +
                              ".." + std::to_string(base + 99) + "");
    BOOST_CHECK_EQUAL(refusal(fixed(base + 100, 10), ground.places), "");
    for (const int fd : {ready[0], ready[1], hold[0], hold[1]})
        close(fd);
    BOOST_REQUIRE_EQUAL(waitpid(pid, nullptr, 0), pid);
}
