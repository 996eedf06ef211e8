// SPDX-License-Identifier: LGPL-2.1-or-later
// Where files of settings are looked for, in directories of the test's own.
#include "lib/settings/files.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

namespace fs = std::filesystem;
namespace settings = boxctl::settings;
using settings::FileUse;

namespace {

struct World {
    World() {
        char name[] = "/tmp/boxctl-files-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        top = name;
        for (const char* directory : {"etc", "run", "box", "runbox", "images/web"})
            fs::create_directories(fs::path(top) / directory);
        where.nspawn = {top + "/etc", top + "/run"};
        where.box = {top + "/box", top + "/runbox"};
    }
    ~World() { fs::remove_all(top); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    void write(const std::string& path, const std::string& text = "x") const {
        fs::create_directories((fs::path(top) / path).parent_path());
        std::ofstream(fs::path(top) / path) << text;
    }
    /// "path|" of each file found, with '?' behind those that are not trusted.
    std::string found(FileUse use = FileUse::yes) const {
        const auto files = settings::find_files(where, "web", top + "/images/web", use);
        if (!files) return files.error().message().substr(0, files.error().message().find('\''));
        std::string shown;
        for (const auto& file : *files)
            shown += file.path.substr(top.size() + 1) + (file.trusted ? "|" : "?|");
        return shown;
    }

    std::string top;
    settings::SearchPath where;
};

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_found_where_nothing_is) {
    const World world;
    BOOST_TEST(world.found() == "");
    BOOST_TEST(settings::find_files({{"/nonexistent"}, {"/nonexistent"}}, "web", "", FileUse::yes)
                       ->empty());
}

BOOST_AUTO_TEST_CASE(the_first_nspawn_file_counts) {
    const World world;
    world.write("images/web.nspawn");
    BOOST_TEST(world.found() == "images/web.nspawn?|");
    BOOST_TEST(world.found(FileUse::override_) == "images/web.nspawn?|");
    BOOST_TEST(world.found(FileUse::trusted) == "images/web.nspawn|");
    BOOST_TEST(world.found(FileUse::no) == "");
    world.write("run/web.nspawn");
    BOOST_TEST(world.found() == "run/web.nspawn|");
    world.write("etc/web.nspawn");
    BOOST_TEST(world.found() == "etc/web.nspawn|");
    fs::remove(world.top + "/etc/web.nspawn");
    fs::create_symlink("/dev/null", world.top + "/etc/web.nspawn");
    BOOST_TEST(world.found() == "etc/web.nspawn|");
}

BOOST_AUTO_TEST_CASE(drop_ins_come_by_name_and_etc_hides_run) {
    const World world;
    world.write("box/web.box.d/20-b.box");
    world.write("runbox/web.box.d/10-a.box");
    world.write("runbox/web.box.d/20-b.box");
    world.write("box/web.box.d/readme.txt");
    world.write("box/web.box.d/.hidden.box");
    world.write("run/web.nspawn");
    world.write("runbox/web.box");
    BOOST_TEST(world.found() ==
               "run/web.nspawn|runbox/web.box|runbox/web.box.d/10-a.box|box/web.box.d/20-b.box|");
}

BOOST_AUTO_TEST_CASE(beside_the_tree_only_a_regular_file_is_read) {
    const World world;
    world.write("secret");
    fs::create_symlink(world.top + "/secret", world.top + "/images/web.nspawn");
    BOOST_TEST(world.found() == "settings ");
    fs::remove(world.top + "/images/web.nspawn");
    BOOST_REQUIRE(mkfifo((world.top + "/images/web.nspawn").c_str(), 0600) == 0);
    BOOST_TEST(world.found() == "settings ");
    fs::remove(world.top + "/images/web.nspawn");
    fs::create_directory(world.top + "/images/web.nspawn");
    BOOST_TEST(world.found() == "settings ");
    BOOST_TEST(world.found(FileUse::no) == "");
}

BOOST_AUTO_TEST_CASE(too_much_is_not_read) {
    const World world;
    world.write("images/web.nspawn", std::string((1U << 20U) + 1, '\n'));
    BOOST_TEST(world.found() == "settings: ");
    world.write("etc/web.nspawn", std::string((1U << 20U) + 1, '\n'));
    BOOST_TEST(world.found() == "settings: ");
}
