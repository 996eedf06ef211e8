// SPDX-License-Identifier: LGPL-2.1-or-later
// The server over socket pairs: what clients of systemd say to it, and what nobody should.
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/endpoint/endpoint.h"
#include "lib/os/unix_socket.h"
#include "tests/unit/no_descriptors.h"

using namespace boxctl;
using dbus::Message;
using dbus::Writer;

namespace {

constexpr const char* kGreeting = "AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

/// A server for a box that does not exist, in its loop.
struct Host {
    Host() : loop(std::move(event::Loop::create()).value()) {
        record.name = "test";
        record.phase = "running";
        server = std::make_unique<endpoint::Server>(
                *loop, endpoint::Box{&record, &leaves,
                                     [this](endpoint::Power power) { powers.push_back(power); }});
    }
    /// Serves until nothing happens for a moment.
    void serve(uint64_t moment = 20000) {
        const auto timer = loop->add_timer(event::now_us() + moment, [this] { loop->exit(0); });
        BOOST_REQUIRE(loop->run());
    }

    state::Record record;
    std::unique_ptr<event::Loop> loop;
    shell::Leaves leaves{*loop};
    std::vector<endpoint::Power> powers;
    std::unique_ptr<endpoint::Server> server;
};

struct Client {
    explicit Client(Host& served) : host(served) {
        int ends[2];
        BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) ==
                      0);
        socket.reset(ends[0]);
        BOOST_REQUIRE(host.server->add(os::UniqueFd(ends[1])));
    }
    void write(const std::string& bytes) {
        BOOST_REQUIRE(send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0);
    }
    std::string read() {
        host.serve();
        std::string all;
        char buffer[65536];
        ssize_t got = 0;
        while ((got = recv(socket.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
            all.append(buffer, static_cast<size_t>(got));
        ended = got == 0;
        return all;
    }
    void greet() {
        write(std::string(1, '\0') + kGreeting);
        BOOST_TEST(read().starts_with("DATA\r\nOK "));
        const auto answers = call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "Hello");
        BOOST_REQUIRE(answers.size() == 1U);
        BOOST_TEST(answers[0].reader().string().starts_with(":1."));
    }
    std::vector<Message> take(std::string bytes) {
        std::vector<Message> messages;
        while (bytes.size() >= dbus::kFixedHeader) {
            const auto size = dbus::message_size(bytes);
            BOOST_REQUIRE(size);
            auto message = dbus::parse_message(std::string_view(bytes).substr(0, *size));
            BOOST_REQUIRE(message);
            messages.push_back(std::move(message).value());
            bytes.erase(0, *size);
        }
        return messages;
    }
    std::vector<Message> call(const std::string& destination, const std::string& path,
                              const std::string& interface, const std::string& member,
                              const std::string& signature = "", Writer body = {}) {
        Message message;
        message.serial = ++serial;
        message.destination = destination;
        message.path = path;
        message.interface = interface;
        message.member = member;
        message.signature = signature;
        message.body = std::move(body).take();
        write(dbus::to_bytes(message));
        return take(read());
    }
    std::vector<Message> manager(const std::string& member, const std::string& signature = "",
                                 Writer body = {}) {
        return call(endpoint::kSystemdName, endpoint::kSystemdPath, endpoint::kManagerInterface,
                    member, signature, std::move(body));
    }

    Host& host;
    os::UniqueFd socket;
    uint32_t serial = 0;
    bool ended = false;
};

std::string error_of(const std::vector<Message>& answers) {
    return answers.size() == 1 ? answers[0].error_name : "";
}

Writer two(const std::string& first, const std::string& second) {
    Writer body;
    body.string(first).string(second);
    return body;
}

size_t open_descriptors() {
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_client_is_greeted_and_told_the_state) {
    Host host;
    Client client(host);
    client.greet();
    const auto answers = client.call(endpoint::kSystemdName, endpoint::kSystemdPath,
                                     endpoint::kPropertiesInterface, "Get", "ss",
                                     two(endpoint::kManagerInterface, "SystemState"));
    BOOST_REQUIRE(answers.size() == 1U);
    auto reader = answers[0].reader();
    BOOST_TEST(reader.variant() == "s");
    BOOST_TEST(reader.string() == "running");
    BOOST_TEST(answers[0].sender == endpoint::kSystemdName);
}

BOOST_AUTO_TEST_CASE(whatever_is_not_there_is_told_at_once) {
    Host host;
    Client client(host);
    client.greet();
    const auto all = [&](const std::string& name) { return error_of(client.manager(name)); };
    BOOST_TEST(all("Reexecute") == endpoint::kUnknownMethod);
    BOOST_TEST(error_of(client.manager("KillUnit", "ssi",
                                       std::move(two("x.service", "all").i32(9)))) ==
               endpoint::kNoSuchUnit);
    // A service may be there, but nobody can ask in a box that has gone.
    BOOST_TEST(error_of(client.manager("StopUnit", "ss", two("x.service", "fail"))) ==
               endpoint::kFailed);
    BOOST_TEST(error_of(client.manager("StartUnit", "s", Writer().string("x.service"))) ==
               endpoint::kInvalidArgs);
    BOOST_TEST(error_of(client.call("org.freedesktop.hostname1", "/org/freedesktop/hostname1",
                                    endpoint::kPropertiesInterface, "GetAll", "s",
                                    Writer().string(""))) == endpoint::kServiceUnknown);
    BOOST_TEST(
            error_of(client.call(endpoint::kSystemdName, "/nowhere", endpoint::kPropertiesInterface,
                                 "GetAll", "s", Writer().string(""))) == endpoint::kUnknownObject);
    BOOST_TEST(error_of(client.call(endpoint::kSystemdName, endpoint::kSystemdPath, "a.b", "C")) ==
               endpoint::kUnknownInterface);
    BOOST_TEST(error_of(client.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                    "org.freedesktop.DBus", "BecomeMonitor")) ==
               endpoint::kUnknownMethod);
}

BOOST_AUTO_TEST_CASE(a_unit_that_is_not_there_looks_like_one) {
    Host host;
    Client client(host);
    client.greet();
    const auto answers =
            client.call(endpoint::kSystemdName, endpoint::unit_path("cron.service"),
                        endpoint::kPropertiesInterface, "GetAll", "s", Writer().string(""));
    BOOST_REQUIRE(answers.size() == 1U);
    BOOST_TEST(answers[0].signature == "a{sv}");
    BOOST_TEST(answers[0].body.find("not-found") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(power_is_asked_for_in_three_ways) {
    Host host;
    Client client(host);
    client.greet();
    BOOST_TEST(client.manager("StartUnit", "ss", two("poweroff.target", "fail"))[0].signature ==
               "o");
    client.call("org.freedesktop.login1", "/org/freedesktop/login1",
                "org.freedesktop.login1.Manager", "RebootWithFlags", "t", Writer().u64(0));
    client.manager("PowerOff");
    const std::vector<endpoint::Power> wanted = {endpoint::Power::off, endpoint::Power::reboot,
                                                 endpoint::Power::off};
    BOOST_TEST((host.powers == wanted));
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_started_is_an_answer) {
    Host host;
    Client client(host);
    client.greet();
    Writer body;
    body.string("x.service").string("fail");
    const auto properties = body.array('(');
    body.structure().string("ExecStart").variant("a(sasb)");
    const auto commands = body.array('(');
    body.structure().string("/bin/true").strings({"true"}).boolean(false);
    body.end(commands).end(properties).end(body.array('('));
    const auto answers = client.manager("StartTransientUnit", "ssa(sv)a(sa(sv))", std::move(body));
    BOOST_TEST(error_of(answers) == endpoint::kFailed);
}

BOOST_AUTO_TEST_CASE(who_does_not_say_hello_is_not_heard) {
    Host host;
    Client client(host);
    client.write(std::string(1, '\0') + kGreeting);
    client.read();
    BOOST_TEST(client.manager("PowerOff").empty());
    BOOST_TEST(client.ended);
    BOOST_TEST(host.powers.empty());
}

BOOST_AUTO_TEST_CASE(malformed_bytes_close_the_connection_and_no_other) {
    Host host;
    Client other(host);
    other.greet();
    Message good;
    good.serial = 9;
    good.path = "/x";
    good.member = "Y";
    const std::string bytes = dbus::to_bytes(good);
    for (const std::string& hostile :
         {std::string(64, '\xff'), std::string("l\1\0\1\xff\xff\xff\x7f\1\0\0\0\0\0\0\0", 16),
          std::string("l\1\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16), "x" + bytes.substr(1)}) {
        Client client(host);
        client.greet();
        client.write(hostile);
        client.read();
        BOOST_TEST(client.ended);
    }
    BOOST_TEST(error_of(other.manager("NoSuchThing")) == endpoint::kUnknownMethod);
    BOOST_TEST(host.server->connections() == 1U);
}

BOOST_AUTO_TEST_CASE(half_a_message_does_no_harm) {
    Host host;
    Client client(host);
    client.greet();
    client.write("l\1");
    client.read();
    BOOST_TEST(!client.ended);
    client.socket.reset();
    host.serve();
    BOOST_TEST(host.server->connections() == 0U);
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_let_go) {
    Host host;
    Client client(host);
    client.greet();
    Message ask;
    ask.destination = endpoint::kSystemdName;
    ask.path = endpoint::kSystemdPath;
    ask.interface = endpoint::kPropertiesInterface;
    ask.member = "GetAll";
    ask.signature = "s";
    ask.body = std::move(Writer().string("")).take();
    for (int i = 0; i < 20000 && host.server->connections() == 1; i++) {
        ask.serial = static_cast<uint32_t>(i) + 10;
        const std::string bytes = dbus::to_bytes(ask);
        while (send(client.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 &&
               errno == EAGAIN)
            host.serve(1000);
    }
    host.serve();
    BOOST_TEST(host.server->connections() == 0U);
}

BOOST_AUTO_TEST_CASE(descriptors_that_nobody_asked_for_are_closed) {
    Host host;
    Client client(host);
    client.greet();
    const size_t before = open_descriptors();
    for (const char* path : {"/dev/null", "/proc"}) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        Message ping;
        ping.serial = 77;
        ping.path = "/x";
        ping.member = "Ping";
        ping.interface = "org.freedesktop.DBus.Peer";
        ping.fds = 1;
        std::string bytes = dbus::to_bytes(ping);
        iovec data = {bytes.data(), bytes.size()};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
        msghdr header = {};
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(part), &fd, sizeof fd);
        BOOST_REQUIRE(sendmsg(client.socket.get(), &header, MSG_NOSIGNAL) > 0);
        ::close(fd);
        client.read();
    }
    // A directory may be one of the box's own file systems: whoever sends it has to go.
    BOOST_TEST(client.ended);
    host.serve(200000);
    BOOST_TEST(open_descriptors() < before);
}

BOOST_AUTO_TEST_CASE(the_silent_make_room_and_time_out) {
    Host host;
    host.record.id_base = getuid();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; i++)
        clients.push_back(std::make_unique<Client>(host));
    clients.back()->greet();
    BOOST_TEST(host.server->connections() == 20U);
    // Those that never said who they are have five seconds.
    host.serve(5500000);
    BOOST_TEST(host.server->connections() == 1U);
}

BOOST_AUTO_TEST_CASE(signals_of_systemd_are_wishes_and_others_are_not) {
    BOOST_TEST((endpoint::power_of_signal(SIGRTMIN + 4) == endpoint::Power::off));
    BOOST_TEST((endpoint::power_of_signal(SIGINT) == endpoint::Power::reboot));
    BOOST_TEST(!endpoint::power_of_signal(SIGUSR1).has_value());
}

BOOST_FIXTURE_TEST_CASE(without_descriptors_left_it_rests_and_comes_back, Host) {
    record.id_base = geteuid();
    const std::string path = "/tmp/box-endpoint-" + std::to_string(getpid());
    BOOST_REQUIRE(server->listen(std::move(os::listen_unix(path, SOCK_STREAM)).value()));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const os::UniqueFd one(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    BOOST_REQUIRE(connect(one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                  0);
    unlink(path.c_str());
    const uint64_t before = loop->wakeups();
    {
        const NoDescriptors none(one.get());
        serve();
    }
    BOOST_TEST(loop->wakeups() - before <= 3U);
    BOOST_TEST(server->connections() == 0U);
    for (int i = 0; i < 100 && server->connections() == 0; i++)
        serve();
    BOOST_TEST(server->connections() == 1U);
}
