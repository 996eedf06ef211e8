// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/machined_record.h"

#include <filesystem>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

using namespace boxctl;

namespace {

pid_t dead_pid() {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, nullptr, 0);
    return pid;
}

struct Fixture {
    std::string path = "/tmp/boxctl-records.XXXXXX";
    os::UniqueFd records;

    Fixture() {
        BOOST_REQUIRE(mkdtemp(path.data()) != nullptr);
        records = os::open_host(path, O_RDONLY | O_DIRECTORY).value();
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    ~Fixture() { std::filesystem::remove_all(path); }

    void note(const std::string& text) const {
        BOOST_REQUIRE(os::replace_file_at(records, "web", text, 0644).has_value());
    }
    [[nodiscard]] bool is_there() const { return access((path + "/web").c_str(), F_OK) == 0; }
    [[nodiscard]] bool forget() const {
        return supervise::forget_dead_machine(records, "web").value();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(machined_record, Fixture)

BOOST_AUTO_TEST_CASE(nothing_noted_is_nothing_to_forget) {
    BOOST_TEST(!forget());
}

BOOST_AUTO_TEST_CASE(a_dead_leader_is_forgotten) {
    note("# private\nNAME=web\nSCOPE=machine-web.scope\nLEADER=" + std::to_string(dead_pid()) +
         "\nLEADER_PIDFDID=7\nCLASS=container\n");
    BOOST_TEST(forget());
    BOOST_TEST(!is_there());
}

BOOST_AUTO_TEST_CASE(one_that_lives_stays) {
    note("NAME=web\nLEADER=" + std::to_string(getpid()) + "\n");
    BOOST_TEST(!forget());
    BOOST_TEST(is_there());
}

BOOST_AUTO_TEST_CASE(what_names_no_leader_stays) {
    for (const char* text : {"", "NAME=web\n", "LEADER=\n", "LEADER=0\n", "LEADER=-1\n",
                             "LEADER=99999999999999\n", "SUPERVISOR=1\n", "LEADER_PIDFDID=1\n"}) {
        note(text);
        BOOST_TEST(!forget(), text);
        BOOST_TEST(is_there(), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_an_error) {
    BOOST_REQUIRE(symlink("/etc/passwd", (path + "/web").c_str()) == 0);
    BOOST_TEST(!supervise::forget_dead_machine(records, "web").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
