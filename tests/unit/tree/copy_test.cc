// SPDX-License-Identifier: LGPL-2.1-or-later
// What needs no root; owners, device nodes and the way to a finished tree are in
// tests/system/template.sh.
#include "lib/tree/copy.h"

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"
#include "lib/tree/from_template.h"
#include "lib/tree/remove.h"

using namespace boxctl;

namespace {

struct Folder {
    std::string path;
    Folder() {
        char name[] = "/tmp/boxctl-tree.XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        path = name;
    }
    ~Folder() {
        const auto above = os::open_host("/tmp", O_RDONLY | O_DIRECTORY);
        BOOST_CHECK(tree::remove(*above, path.substr(5)).has_value());
        BOOST_CHECK(access(path.c_str(), F_OK) != 0);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string in(const std::string& name) const { return path + "/" + name; }
    [[nodiscard]] os::UniqueFd open(const std::string& name) const {
        return os::open_host(in(name), O_RDONLY | O_DIRECTORY).value();
    }
    void write(const std::string& name, const std::string& text) const {
        const auto fd = os::open_host(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0640);
        BOOST_REQUIRE(::write(fd->get(), text.data(), text.size()) ==
                      static_cast<ssize_t>(text.size()));
    }
    void make(const std::string& name) const { BOOST_REQUIRE(mkdir(in(name).c_str(), 0750) == 0); }
    [[nodiscard]] struct stat look(const std::string& name) const {
        struct stat status = {};
        BOOST_REQUIRE(lstat(in(name).c_str(), &status) == 0);
        return status;
    }
    void copy() const {
        make("to");
        const auto done = tree::copy(open("from"), open("to"));
        BOOST_REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(contents_modes_times_and_links_are_copied) {
    const Folder folder;
    folder.make("from");
    folder.make("from/d");
    folder.write("from/d/file", "text");
    BOOST_REQUIRE(chmod(folder.in("from/d/file").c_str(), 04711) == 0);
    BOOST_REQUIRE(symlink("/nowhere/else", folder.in("from/link").c_str()) == 0);
    BOOST_REQUIRE(mkfifo(folder.in("from/fifo").c_str(), 0622) == 0);
    const timespec times[] = {{1000, 5}, {2000, 7}};
    for (const char* name : {"from/d/file", "from/link", "from/d", "from"}) {
        BOOST_REQUIRE(utimensat(AT_FDCWD, folder.in(name).c_str(), times, AT_SYMLINK_NOFOLLOW) ==
                      0);
    }
    folder.copy();
    BOOST_TEST(os::read_file(folder.in("to/d/file")).value() == "text");
    BOOST_TEST((folder.look("to/d/file").st_mode & 07777U) == 04711U);
    BOOST_TEST((folder.look("to").st_mode & 07777U) == 0750U);
    BOOST_TEST(S_ISFIFO(folder.look("to/fifo").st_mode));
    char target[64] = {};
    BOOST_TEST(readlink(folder.in("to/link").c_str(), target, sizeof target) == 13);
    for (const char* name : {"to/d/file", "to/link", "to/d", "to"}) {
        BOOST_TEST(folder.look(name).st_mtim.tv_sec == 2000, name);
        BOOST_TEST(folder.look(name).st_mtim.tv_nsec == 7, name);
    }
}

BOOST_AUTO_TEST_CASE(hard_links_stay_links_and_holes_stay_holes) {
    const Folder folder;
    folder.make("from");
    folder.make("from/d");
    folder.write("from/a", "start");
    BOOST_REQUIRE(link(folder.in("from/a").c_str(), folder.in("from/d/b").c_str()) == 0);
    BOOST_REQUIRE(truncate(folder.in("from/a").c_str(), 64 << 20) == 0);
    folder.copy();
    BOOST_TEST(folder.look("to/a").st_ino == folder.look("to/d/b").st_ino);
    BOOST_TEST(folder.look("to/a").st_ino != folder.look("from/a").st_ino);
    BOOST_TEST(folder.look("to/a").st_size == 64 << 20);
    BOOST_TEST(folder.look("to/a").st_blocks < 1024);
    BOOST_TEST(os::read_file(folder.in("to/a"), 65U << 20U).value().starts_with("start"));
}

BOOST_AUTO_TEST_CASE(extended_attributes_are_copied) {
    const Folder folder;
    folder.make("from");
    folder.write("from/a", "");
    const std::string value(1000, 'v');
    if (setxattr(folder.in("from/a").c_str(), "user.test", value.data(), value.size(), 0) < 0) {
        BOOST_TEST_MESSAGE("no extended attributes here");
        return;
    }
    folder.copy();
    std::string got(2000, '\0');
    BOOST_TEST(getxattr(folder.in("to/a").c_str(), "user.test", got.data(), got.size()) == 1000);
    BOOST_TEST(got.starts_with(value));
}

BOOST_AUTO_TEST_CASE(a_fault_names_the_file_once) {
    const Folder folder;
    folder.make("from");
    folder.make("from/d");
    folder.write("from/d/file", "x");
    folder.make("to");
    folder.make("to/d");
    const auto done = tree::copy(folder.open("from"), folder.open("to"));
    BOOST_REQUIRE(!done.has_value());
    BOOST_TEST(done.error().message() == "copy 'd': make the directory: File exists");
}

BOOST_AUTO_TEST_CASE(a_tree_is_removed_without_following_links) {
    const Folder folder;
    folder.make("kept");
    folder.write("kept/file", "x");
    folder.make("gone");
    folder.make("gone/d");
    folder.write("gone/d/file", "x");
    BOOST_REQUIRE(symlink("../kept", folder.in("gone/link").c_str()) == 0);
    BOOST_TEST(tree::remove(folder.open("."), "gone").has_value());
    BOOST_TEST(access(folder.in("gone").c_str(), F_OK) != 0);
    BOOST_TEST(access(folder.in("kept/file").c_str(), F_OK) == 0);
    BOOST_TEST(tree::remove(folder.open("."), "gone").has_value());
}

BOOST_AUTO_TEST_CASE(no_copy_inside_of_what_is_copied) {
    const Folder folder;
    folder.make("from");
    folder.make("from/d");
    const auto done = tree::make_from_template(folder.open("from"), folder.in("from/d/new"));
    BOOST_REQUIRE(!done.has_value());
    BOOST_TEST(done.error().message().find("inside of the template") != std::string::npos);
    folder.make("from2");
    BOOST_TEST(tree::make_from_template(folder.open("from"), folder.in("from2/new")).has_value());
    BOOST_TEST(access(folder.in("from2/new/d").c_str(), F_OK) == 0);
}
