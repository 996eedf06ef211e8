// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/login_record.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using namespace boxctl::shell;

namespace {

/// A box's root with a list of logins, and a terminal.
struct Fixture {
    Fixture() {
        BOOST_REQUIRE(mkdtemp(folder));
        std::filesystem::create_directories(std::string(folder) + "/var");
        std::filesystem::create_directories(std::string(folder) + "/run");
        std::filesystem::create_symlink("/run", std::string(folder) + "/var/run");
        std::ofstream(path()).flush();
        root = os::UniqueFd(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
        int ends[2];
        BOOST_REQUIRE(openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) == 0);
        master = os::UniqueFd(ends[0]);
        terminal = os::UniqueFd(ends[1]);
        const char* name = ttyname(terminal.get());
        BOOST_REQUIRE(name != nullptr);
        line = std::string(name).substr(5);
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    Fixture(Fixture&&) = delete;
    Fixture& operator=(Fixture&&) = delete;
    ~Fixture() { std::filesystem::remove_all(folder); }

    [[nodiscard]] std::string path() const { return std::string(folder) + "/run/utmp"; }
    [[nodiscard]] std::vector<utmpx> entries() const {
        std::vector<utmpx> all;
        std::ifstream file(path());
        utmpx entry = {};
        while (file.read(reinterpret_cast<char*>(&entry), sizeof entry))
            all.push_back(entry);
        return all;
    }
    void put(const utmpx& entry) const {
        std::ofstream(path(), std::ios::app)
                .write(reinterpret_cast<const char*>(&entry), sizeof entry);
    }

    char folder[32] = "/tmp/boxctl-utmp-XXXXXX";
    os::UniqueFd root, master, terminal;
    std::string line;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_session_is_entered_and_ended, Fixture) {
    const auto record = LoginRecord::write(root, terminal, "lee");
    BOOST_REQUIRE_MESSAGE(record.has_value(), (record ? std::string() : record.error().message()));
    BOOST_TEST_REQUIRE(entries().size() == 1U);
    const utmpx entry = entries()[0];
    BOOST_TEST(entry.ut_type == USER_PROCESS);
    BOOST_TEST(entry.ut_pid == getpid());
    BOOST_TEST(std::string(entry.ut_user) == "lee");
    BOOST_TEST(std::string(entry.ut_line) == line);
    BOOST_TEST(entry.ut_tv.tv_sec > 0);
    end_login(record->file(), record->place(), getpid());
    BOOST_TEST_REQUIRE(entries().size() == 1U);
    BOOST_TEST(entries()[0].ut_type == DEAD_PROCESS);
    BOOST_TEST(std::string(entries()[0].ut_user).empty());
}

BOOST_FIXTURE_TEST_CASE(the_entry_of_a_terminal_is_taken_again, Fixture) {
    utmpx boot = {};
    boot.ut_type = BOOT_TIME;
    put(boot);
    const auto first = LoginRecord::write(root, terminal, "one");
    const auto second = LoginRecord::write(root, terminal, "two");
    BOOST_REQUIRE(first.has_value() && second.has_value());
    BOOST_TEST_REQUIRE(entries().size() == 2U);
    BOOST_TEST(entries()[0].ut_type == BOOT_TIME);
    BOOST_TEST(std::string(entries()[1].ut_user) == "two");
}

BOOST_FIXTURE_TEST_CASE(the_entry_of_another_is_left_alone, Fixture) {
    const auto record = LoginRecord::write(root, terminal, "lee");
    BOOST_REQUIRE(record.has_value());
    end_login(record->file(), record->place(), getpid() + 1);
    BOOST_TEST(entries()[0].ut_type == USER_PROCESS);
    std::filesystem::resize_file(path(), 0);
    end_login(record->file(), record->place(), getpid());
    BOOST_TEST(entries().empty());
}

BOOST_FIXTURE_TEST_CASE(a_box_without_a_list_gets_none, Fixture) {
    std::filesystem::remove(path());
    const auto record = LoginRecord::write(root, terminal, "lee");
    BOOST_REQUIRE(record.has_value());
    BOOST_TEST(record->file().get() == -1);
    BOOST_TEST(!std::filesystem::exists(path()));
}

BOOST_FIXTURE_TEST_CASE(what_is_no_list_is_refused, Fixture) {
    std::filesystem::remove(path());
    BOOST_REQUIRE(mkfifo(path().c_str(), 0600) == 0);
    BOOST_TEST(!LoginRecord::write(root, terminal, "lee").has_value());
    std::filesystem::remove(path());
    std::filesystem::create_directory(path());
    BOOST_TEST(!LoginRecord::write(root, terminal, "lee").has_value());
}

BOOST_FIXTURE_TEST_CASE(nobody_waits_for_a_lock_of_the_boxs, Fixture) {
    const os::UniqueFd other(open(path().c_str(), O_RDWR | O_CLOEXEC));
    struct flock all = {};
    all.l_type = F_WRLCK;
    all.l_whence = SEEK_SET;
    BOOST_REQUIRE(fcntl(other.get(), F_OFD_SETLK, &all) == 0);
    BOOST_TEST(!LoginRecord::write(root, terminal, "lee").has_value());
    all.l_type = F_UNLCK;
    BOOST_REQUIRE(fcntl(other.get(), F_OFD_SETLK, &all) == 0);
    BOOST_TEST(LoginRecord::write(root, terminal, "lee").has_value());  // control
}

BOOST_FIXTURE_TEST_CASE(a_list_of_any_length_is_read_to_a_bound, Fixture) {
    std::filesystem::resize_file(path(), std::uintmax_t{1} << 40U);
    const auto record = LoginRecord::write(root, terminal, "lee");
    BOOST_TEST_REQUIRE(!record.has_value());
    BOOST_TEST(record.error().code() == ENOSPC);
}
