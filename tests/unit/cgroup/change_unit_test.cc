// SPDX-License-Identifier: LGPL-2.1-or-later
// Against a systemd of this test's own, a socket in a /run that only one process sees.
#include <string>
#include <vector>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/cgroup/change.h"
#include "lib/dbus/auth.h"
#include "lib/dbus/message.h"

using namespace boxctl;
using cgroup::change_unit;
using cgroup::Until;

namespace {

enum class Systemd { none, agrees, refuses };

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id /*id*/) {
    return geteuid() == 0;
}

void write_all(int fd, const std::string& text) {
    if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(9);
}

std::string read_all(int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(fd, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(got));
    return text;
}

/// "/org/… SetUnitProperties x.scope runtime MemoryMax=1"
std::string describe(const dbus::Message& call) {
    dbus::Reader reader = call.reader();
    std::string text = call.path + " " + call.interface + "." + call.member + " ";
    text += reader.string();
    text += reader.boolean() ? " runtime" : " lasting";
    const size_t end = reader.array('(');
    while (reader.more(end)) {
        reader.structure();
        text += " ";
        text += reader.string();
        text += "=";
        if (reader.variant() != "t") return text + "?";
        text += std::to_string(reader.u64());
    }
    return text + (reader.finished() ? "" : " and more");
}

/// Takes one connection and one call, writes to `told` what it was and answers it.
[[noreturn]] void be_systemd(int listener, Systemd kind, int told) {
    const int socket = accept(listener, nullptr, nullptr);
    dbus::Handshake handshake(std::string(32, 'a'));
    std::string input;
    char buffer[4096];
    const auto more = [&] {
        const ssize_t got = read(socket, buffer, sizeof buffer);
        if (got <= 0) _exit(8);
        input.append(buffer, static_cast<size_t>(got));
    };
    while (!handshake.done()) {
        more();
        write_all(socket, handshake.advance(input).value());
    }
    while (input.size() < dbus::kFixedHeader || input.size() < dbus::message_size(input).value())
        more();
    const size_t size = dbus::message_size(input).value();
    const dbus::Message call = dbus::parse_message(input.substr(0, size)).value();
    write_all(told, describe(call) + "\n");
    dbus::Message answer =
            kind == Systemd::agrees
                    ? dbus::make_return(call)
                    : dbus::make_error(call, "org.freedesktop.systemd1.NoSuchUnit", "Not here.");
    answer.serial = 1;
    write_all(socket, dbus::to_bytes(answer));
    _exit(0);
}

int listen_as_systemd() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::string("/run/systemd/private").copy(address.sun_path, sizeof address.sun_path - 1);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound =
            mkdir("/run/systemd", 0755) == 0 &&
            bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!bound || listen(listener, 1) < 0) _exit(7);
    return listener;
}

/// What systemd was asked, a line each, and then the outcome.
std::string outcome(Systemd kind, const std::vector<settings::Assignment>& properties,
                    Until until) {
    int ends[2];
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const bool alone = unshare(CLONE_NEWNS) == 0 &&
                           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           mount("none", "/run", "tmpfs", 0, nullptr) == 0;
        if (!alone) _exit(6);
        pid_t systemd = 0;
        if (kind != Systemd::none) {
            const int listener = listen_as_systemd();
            systemd = fork();
            if (systemd == 0) be_systemd(listener, kind, ends[1]);
        }
        const auto done = change_unit("x.scope", properties, until);
        if (done && systemd > 0) waitpid(systemd, nullptr, 0);
        if (!done && systemd > 0) kill(systemd, SIGKILL);
        write_all(ends[1], done ? "done" : done.error().message());
        _exit(0);
    }
    close(ends[1]);
    std::string text = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(pid, &status, 0), pid);
    BOOST_REQUIRE_EQUAL(status, 0);
    return text;
}

const std::string kCall =
        "/org/freedesktop/systemd1 org.freedesktop.systemd1.Manager.SetUnitProperties x.scope ";

}  // namespace

BOOST_AUTO_TEST_SUITE(with_systemd, *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(all_properties_are_changed_by_one_call) {
    const std::vector<settings::Assignment> both = {{"MemoryMax", "1M"}, {"TasksMax", "7"}};
    BOOST_TEST(outcome(Systemd::agrees, both, Until::changed) ==
               kCall + "lasting MemoryMax=1048576 TasksMax=7\ndone");
    BOOST_TEST(outcome(Systemd::agrees, both, Until::reboot) ==
               kCall + "runtime MemoryMax=1048576 TasksMax=7\ndone");
}

BOOST_AUTO_TEST_CASE(the_last_value_of_a_property_counts) {
    BOOST_TEST(outcome(Systemd::agrees, {{"TasksMax", "7"}, {"TasksMax", "8"}}, Until::reboot) ==
               kCall + "runtime TasksMax=8\ndone");
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_when_one_is_wrong) {
    for (const settings::Assignment& wrong :
         {settings::Assignment{"MemoryMax", "much"}, settings::Assignment{"NoSuchLimit", "1"}}) {
        const std::string said =
                outcome(Systemd::agrees, {{"TasksMax", "7"}, wrong}, Until::reboot);
        BOOST_TEST(said.find("SetUnitProperties") == said.npos, said);
        BOOST_TEST(said.find(wrong.name) != said.npos, said);
    }
}

BOOST_AUTO_TEST_CASE(what_systemd_says_against_it_is_told) {
    BOOST_TEST(outcome(Systemd::refuses, {{"TasksMax", "7"}}, Until::changed) ==
               kCall + "lasting TasksMax=7\nchange 'x.scope': Not here: No such file or directory");
    const std::string said = outcome(Systemd::none, {{"TasksMax", "7"}}, Until::changed);
    BOOST_TEST(said.starts_with("reach systemd: "), said);
}

BOOST_AUTO_TEST_SUITE_END()
