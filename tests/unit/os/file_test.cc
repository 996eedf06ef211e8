// SPDX-License-Identifier: LGPL-2.1-or-later
// Opening below a hostile tree, bounded reads, whole-file writes.
#include <algorithm>
#include <cerrno>
#include <string>

#include <linux/magic.h>

#include "lib/base/text.h"
#include "lib/os/new_file.h"
#include "tests/unit/os/support.h"

using namespace boxctl;
using namespace os_test;
using os::Follow;

namespace {

/// DIR/secret is what nothing in DIR/tree may lead to.
struct Trap {
    Directory dir;
    UniqueFd tree;
    Trap() {
        dir.put("secret", "host");
        dir.directory("outside");
        dir.directory("tree");
        dir.directory("tree/etc");
        dir.put("tree/etc/file", "box");
        dir.put("tree/secret", "box's own");
        tree = dir.open("tree");
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(links_stay_inside_the_tree, Trap) {
    dir.link("tree/up", "../secret");
    dir.link("tree/absolute", "/secret");
    dir.link("tree/host", dir.at("secret"));
    dir.link("tree/many", "../../../../../../../../etc/file");
    dir.link("tree/above", "..");
    // Positive control: without openat2 the first of them leads out.
    const UniqueFd fooled(openat(tree.get(), "up", O_RDONLY | O_CLOEXEC));
    BOOST_CHECK_EQUAL(need(os::read_fd(fooled)), "host");

    const auto text = [&](const char* path) { return need(os::read_untrusted(tree, path, 100)); };
    BOOST_CHECK_EQUAL(text("up"), "box's own");
    BOOST_CHECK_EQUAL(text("absolute"), "box's own");
    BOOST_CHECK_EQUAL(text("many"), "box");
    BOOST_CHECK_EQUAL(text("/above/secret"), "box's own");
    BOOST_CHECK_EQUAL(text("../secret"), "box's own");
    BOOST_CHECK_EQUAL(text("/etc/../../secret"), "box's own");
    BOOST_CHECK_EQUAL(code_of(os::open_in(tree, "host", O_PATH)), ENOENT);
}

BOOST_FIXTURE_TEST_CASE(links_can_be_refused_altogether, Trap) {
    dir.link("tree/link", "etc");
    BOOST_CHECK_EQUAL(code_of(os::open_in(tree, "/link/file", O_PATH)), 0);
    BOOST_CHECK_EQUAL(code_of(os::open_in(tree, "/link/file", O_PATH, Follow::no_symlinks)), ELOOP);
    BOOST_CHECK_EQUAL(code_of(os::open_in(tree, "/etc/file", O_PATH, Follow::no_symlinks)), 0);
    dir.link("tree/self", "self");
    BOOST_CHECK_EQUAL(code_of(os::open_in(tree, "self", O_PATH)), ELOOP);
}

BOOST_FIXTURE_TEST_CASE(magic_links_are_refused, Trap) {
    const UniqueFd proc = need(os::open_host("/proc", O_PATH));
    const std::string exe = format("/%d/exe", getpid());
    BOOST_CHECK_EQUAL(code_of(os::open_in(proc, exe, O_RDONLY)), ELOOP);
    BOOST_CHECK_EQUAL(code_of(os::open_named("/proc" + exe, O_RDONLY)), ELOOP);
    BOOST_CHECK_EQUAL(code_of(os::open_named("/proc/self/root/etc", O_PATH)), ELOOP);
    BOOST_CHECK_EQUAL(code_of(os::open_host("/proc" + exe, O_RDONLY)), 0);
}

BOOST_FIXTURE_TEST_CASE(nothing_opened_is_inherited, Trap) {
    for (const int fd :
         {need(os::open_in(tree, "/etc", O_PATH)).release(),
          need(os::open_host("/", O_PATH)).release(), need(os::open_named("/", O_PATH)).release(),
          need(os::duplicate(tree)).release()}) {
        const UniqueFd owner(fd);
        BOOST_CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
}

BOOST_FIXTURE_TEST_CASE(a_path_ends_at_no_nul, Trap) {
    BOOST_CHECK_EQUAL(code_of(os::open_in(tree, std::string("etc\0/x", 6), O_PATH)), EINVAL);
    BOOST_CHECK_EQUAL(code_of(os::open_host(std::string("/etc\0", 5), O_PATH)), EINVAL);
}

BOOST_FIXTURE_TEST_CASE(directories_are_made_inside_only, Trap) {
    need(os::make_directories_in(tree, "/a/b/c"));
    BOOST_CHECK(dir.exists("tree/a/b/c"));
    need(os::make_directories_in(tree, "/a/b/c"));
    dir.link("tree/out", "../outside");
    dir.link("tree/out2", dir.at("outside"));
    dir.link("tree/dangling", "/nowhere");
    dir.directory("tree/real");
    dir.link("tree/inner", "/real");
    need(os::make_directories_in(tree, "/inner/new"));
    BOOST_CHECK(dir.exists("tree/real/new"));
    for (const char* path : {"/out/x", "/out2/x", "/dangling", "/dangling/x"}) {
        BOOST_CHECK_MESSAGE(!os::make_directories_in(tree, path), path);
    }
    BOOST_CHECK_EQUAL(code_of(os::make_directories_in(tree, "/etc/file/x")), ENOTDIR);
    need(os::make_directories_in(tree, "/../../climbed"));
    BOOST_CHECK(dir.exists("tree/climbed"));
    BOOST_CHECK(!dir.exists("climbed") && !dir.exists("outside/x"));
}

BOOST_FIXTURE_TEST_CASE(only_plain_files_of_a_tree_are_read, Trap) {
    BOOST_REQUIRE_EQUAL(mkfifo(dir.at("tree/fifo").c_str(), 0644), 0);
    dir.directory("tree/dir");
    dir.put("tree/big", std::string(101, 'x'));
    dir.put("tree/fits", std::string(100, 'x'));
    // Would block for ever without a writer, were it opened for reading only.
    BOOST_CHECK_EQUAL(os::read_untrusted(tree, "fifo", 100).error().text(),
                      "read 'fifo': not a regular file");
    BOOST_CHECK(!os::read_untrusted(tree, "dir", 100));
    BOOST_CHECK_EQUAL(code_of(os::read_untrusted(tree, "big", 100)), EFBIG);
    BOOST_CHECK_EQUAL(need(os::read_untrusted(tree, "fits", 100)).size(), 100U);
    BOOST_CHECK_EQUAL(code_of(os::read_untrusted(tree, "none", 100)), ENOENT);
    const UniqueFd dev = need(os::open_host("/dev", O_PATH));
    BOOST_CHECK(!os::read_untrusted(dev, "zero", 100));
}

BOOST_FIXTURE_TEST_CASE(a_file_is_replaced_as_a_whole, Trap) {
    need(os::replace_file_at(tree, "secret", "new", 0600));
    BOOST_CHECK_EQUAL(need(os::read_file(dir.at("tree/secret"))), "new");
    struct stat status = {};
    BOOST_REQUIRE_EQUAL(stat(dir.at("tree/secret").c_str(), &status), 0);
    BOOST_CHECK_EQUAL(status.st_mode & 07777U, 0600U);
    need(os::replace_file_at(tree, "fresh", "", 0644));
    BOOST_CHECK(dir.exists("tree/fresh") && !dir.exists("tree/.fresh.new"));
    // A link is replaced, not followed; what a killed writer left does not stand in the way.
    dir.link("tree/link", "../secret");
    dir.link("tree/.link.new", "../secret");
    need(os::replace_file_at(tree, "link", "new", 0644));
    BOOST_CHECK_EQUAL(need(os::read_file(dir.at("secret"))), "host");
    BOOST_CHECK_EQUAL(need(os::read_untrusted(tree, "link", 9)), "new");
    BOOST_CHECK_EQUAL(code_of(os::replace_file_at(tree, "etc", "x", 0644)), EISDIR);
    BOOST_CHECK(!dir.exists("tree/.etc.new"));
}

BOOST_FIXTURE_TEST_CASE(a_new_file_shows_when_it_is_published, Trap) {
    {
        const os::NewFile given_up = need(os::NewFile::write(tree, "state", "never", 0600));
        BOOST_CHECK(!dir.exists("tree/state"));
        BOOST_CHECK(dir.exists("tree/.state.new"));
    }
    BOOST_CHECK(!dir.exists("tree/.state.new"));
    os::NewFile file = need(os::NewFile::write(tree, "state", "first", 0600));
    need(file.publish());
    BOOST_CHECK_EQUAL(need(os::read_file(dir.at("tree/state"))), "first");
    BOOST_CHECK(!dir.exists("tree/.state.new"));
}

BOOST_FIXTURE_TEST_CASE(writing_does_not_make_files, Trap) {
    need(os::write_file(dir.at("secret"), "HOST"));
    BOOST_CHECK_EQUAL(need(os::read_file(dir.at("secret"))), "HOST");
    BOOST_CHECK_EQUAL(code_of(os::write_file(dir.at("none"), "x")), ENOENT);
    need(os::write_file_at(tree, "etc/file", "B"));
    BOOST_CHECK_EQUAL(need(os::read_untrusted(tree, "etc/file", 9)), "Box");
    BOOST_CHECK_EQUAL(code_of(os::write_file("/dev/full", "x")), ENOSPC);
}

BOOST_FIXTURE_TEST_CASE(directories_are_listed_up_to_a_limit, Trap) {
    for (const char* name : {"a", "b", "c"})
        dir.put(std::string("outside/") + name, "");
    auto names = need(os::list_directory(dir.open("outside"), 3));
    std::sort(names.begin(), names.end());
    BOOST_CHECK(names == std::vector<std::string>({"a", "b", "c"}));
    BOOST_CHECK_EQUAL(code_of(os::list_directory(dir.open("outside"), 2)), E2BIG);
    BOOST_CHECK_EQUAL(code_of(os::list_directory(dir.open("secret"))), ENOTDIR);
}

BOOST_FIXTURE_TEST_CASE(host_directories_are_made_with_their_mode, Trap) {
    const UniqueFd made = need(os::make_host_directories(dir.at("h/i"), 0700));
    BOOST_CHECK_EQUAL(need(os::status_of(made)).st_mode & 07777U, 0700U);
    need(os::make_host_directories(dir.at("h/i"), 0755));
    BOOST_CHECK_EQUAL(need(os::status_of(made)).st_mode & 07777U, 0700U);
    BOOST_CHECK_EQUAL(code_of(os::make_host_directories(dir.at("secret/x"), 0700)), ENOTDIR);
}

BOOST_AUTO_TEST_CASE(paths_are_cleaned_as_text) {
    const struct {
        const char* path;
        const char* clean;
    } cases[] = {{"/", "/"},        {"//", "/"},     {"/a/", "/a"},      {"/a//b/./c", "/a/b/c"},
                 {"/a/../b", "/b"}, {"/../..", "/"}, {"/a/..", "/"},     {"/..a/b..", "/..a/b.."},
                 {"a/b", "/a/b"},   {"", "/"},       {"/a/b/../..", "/"}};
    for (const auto& [path, clean] : cases)
        BOOST_CHECK_EQUAL(os::normalize_path(path), clean);
    BOOST_CHECK(os::is_absolute("/") && !os::is_absolute("a") && !os::is_absolute(""));
    using Split = std::pair<std::string, std::string>;
    BOOST_CHECK(os::split_path("/a/b") == Split("/a", "b"));
    BOOST_CHECK(os::split_path("/a") == Split("/", "a"));
    BOOST_CHECK(os::split_path("/") == Split("/", ""));
    BOOST_CHECK(os::split_path("a") == Split(".", "a"));
}

BOOST_AUTO_TEST_CASE(a_descriptor_has_one_owner) {
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd writer(ends[1]);
    UniqueFd first(ends[0]);
    UniqueFd second(std::move(first));
    BOOST_CHECK(!first.valid() && second.get() == ends[0]);
    errno = EXDEV;
    second.reset();
    BOOST_CHECK_EQUAL(errno, EXDEV);
    BOOST_CHECK_EQUAL(fcntl(ends[0], F_GETFD), -1);
    need(os::set_nonblocking(writer, true));
    BOOST_CHECK((fcntl(writer.get(), F_GETFL) & O_NONBLOCK) != 0);
    need(os::set_nonblocking(writer, false));
    BOOST_CHECK((fcntl(writer.get(), F_GETFL) & O_NONBLOCK) == 0);
    BOOST_CHECK(!os::duplicate(BorrowedFd(-1)));
}

BOOST_AUTO_TEST_CASE(a_file_system_is_known_by_its_magic) {
    BOOST_CHECK_EQUAL(need(os::filesystem_magic(need(os::open_host("/proc", O_PATH)))),
                      uint64_t{PROC_SUPER_MAGIC});
}
