// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/units/adopt.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

using namespace boxctl;
using namespace boxctl::units;

namespace {

struct Fixture {
    Fixture() {
        std::string made = "/tmp/boxctl-test-XXXXXX";
        BOOST_REQUIRE(mkdtemp(made.data()) != nullptr);
        directory = made;
        path = drop_in_path(directory, "web");
        folder = std::filesystem::path(path).parent_path();
    }
    ~Fixture() { std::filesystem::remove_all(directory); }
    void put(const std::string& text) const {
        std::filesystem::create_directories(folder);
        std::ofstream(path) << text;
    }
    std::string text() const { return os::read_file(path).value(); }

    std::string directory, path, folder;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_drop_in_replaces_what_the_unit_executes) {
    BOOST_CHECK_EQUAL(drop_in_path("/etc/systemd/system", "web"),
                      "/etc/systemd/system/systemd-nspawn@web.service.d/boxctl.conf");
    const std::string text = drop_in_text();
    const size_t reset = text.find("\nExecStart=\n");
    const size_t start = text.find("\nExecStart=boxctl boot ");
    BOOST_REQUIRE(reset != std::string::npos && start != std::string::npos);
    BOOST_CHECK_LT(reset, start);
    BOOST_CHECK(text.find("--machine=%i") != std::string::npos);
    BOOST_CHECK(text.find('@') == std::string::npos);  // nothing that CMake forgot
}

BOOST_FIXTURE_TEST_CASE(it_is_written_once_and_renewed, Fixture) {
    BOOST_CHECK(*adopt(directory, "web"));
    BOOST_CHECK_EQUAL(text(), drop_in_text());
    BOOST_CHECK(std::filesystem::status(path).permissions() ==
                static_cast<std::filesystem::perms>(0644));
    BOOST_CHECK(!*adopt(directory, "web"));
    put("# Made by 'boxctl adopt'. By an older one.\n");
    BOOST_CHECK(*adopt(directory, "web"));
    BOOST_CHECK_EQUAL(text(), drop_in_text());
    // Nothing is left of the writing.
    BOOST_CHECK_EQUAL(os::list_directory(os::open_host(folder, O_RDONLY).value())->size(), 1U);
}

BOOST_FIXTURE_TEST_CASE(undo_removes_what_adopt_made, Fixture) {
    BOOST_CHECK(!*undo_adopt(directory, "web"));
    BOOST_REQUIRE(adopt(directory, "web"));
    BOOST_CHECK(*undo_adopt(directory, "web"));
    BOOST_CHECK(!std::filesystem::exists(folder));
    BOOST_CHECK(!*undo_adopt(directory, "web"));
    // The administrator's own drop-in stays.
    BOOST_REQUIRE(adopt(directory, "web"));
    std::ofstream(folder + "/limits.conf") << "[Service]\nMemoryMax=1G\n";
    BOOST_CHECK(*undo_adopt(directory, "web"));
    BOOST_CHECK(std::filesystem::exists(folder + "/limits.conf"));
}

BOOST_FIXTURE_TEST_CASE(a_file_of_somebody_else_is_left_alone, Fixture) {
    const auto refused = [&] {
        const auto made = adopt(directory, "web");
        BOOST_REQUIRE(!made);
        BOOST_CHECK_EQUAL(made.error().code(), EEXIST);
        const auto removed = undo_adopt(directory, "web");
        BOOST_REQUIRE(!removed);
        BOOST_CHECK_EQUAL(removed.error().code(), EEXIST);
    };
    put("[Service]\nExecStart=\n");
    refused();
    BOOST_CHECK_EQUAL(text(), "[Service]\nExecStart=\n");
    // A link, even to a file that looks like ours: written through, it would change another place.
    std::filesystem::remove(path);
    const std::string other = directory + "/other";
    std::ofstream(other) << drop_in_text();
    std::filesystem::create_symlink(other, path);
    refused();
    BOOST_CHECK(std::filesystem::is_symlink(path));
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    refused();
    std::filesystem::remove(path);
    BOOST_REQUIRE_EQUAL(mkfifo(path.c_str(), 0600), 0);
    refused();
}
