// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as all that one client of the box's bus ever sends, behind a proper handshake and
// Hello. What must hold: no crash, no descriptor left, every answer a message, and a second client
// that is served as if nothing had happened.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <unistd.h>

#include "lib/endpoint/server.h"

namespace {

using boxctl::dbus::Message;

void require(bool holds) {
    if (!holds) abort();
}

std::string greeting() {
    Message hello;
    hello.serial = 1;
    hello.path = "/org/freedesktop/DBus";
    hello.interface = "org.freedesktop.DBus";
    hello.member = "Hello";
    hello.destination = "org.freedesktop.DBus";
    const std::string handshake = "AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";
    return std::string(1, '\0') + handshake + boxctl::dbus::to_bytes(hello);
}

struct Client {
    explicit Client(boxctl::endpoint::Server& server) {
        int ends[2];
        require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        socket.reset(ends[0]);
        require(server.add(boxctl::os::UniqueFd(ends[1])).has_value());
    }
    void write(std::string_view bytes) const {
        (void)send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    [[nodiscard]] std::string read() const {
        std::string all(256U << 10U, '\0');
        const ssize_t got = recv(socket.get(), all.data(), all.size(), MSG_DONTWAIT);
        all.resize(got > 0 ? static_cast<size_t>(got) : 0);
        return all;
    }
    boxctl::os::UniqueFd socket;
};

void require_messages(std::string bytes) {
    // Behind the answers to the handshake.
    const size_t begun = bytes.find("AGREE_UNIX_FD\r\n");
    require(begun != std::string::npos);
    bytes.erase(0, begun + 15);
    while (bytes.size() >= boxctl::dbus::kFixedHeader) {
        const auto size = boxctl::dbus::message_size(bytes);
        require(size.has_value());
        if (*size > bytes.size()) break;
        require(boxctl::dbus::parse_message(std::string_view(bytes).substr(0, *size)).has_value());
        bytes.erase(0, *size);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 32768) return 0;
    const int before = dup(0);
    close(before);
    {
        boxctl::state::Record record;
        record.phase = "running";
        const auto loop = std::move(boxctl::event::Loop::create()).value();
        boxctl::shell::Leaves leaves(*loop);
        boxctl::endpoint::Server server(*loop, {&record, &leaves, [](boxctl::endpoint::Power) {}});
        const Client hostile(server);
        const Client other(server);
        hostile.write(greeting() + std::string(reinterpret_cast<const char*>(data), size));
        other.write(greeting());
        int turns = 3;
        const auto hook = loop->add_hook([&] {
            if (turns-- == 0) loop->exit(0);
        });
        // A deadline that has passed: each turn of the loop ends at once.
        auto awake = loop->add_timer(1, [] {});
        const auto again = loop->add_hook([&] { awake.set_deadline(1); });
        require(loop->run().has_value());
        require_messages(hostile.read());
        require(other.read().find("NameAcquired") == std::string::npos);
        require(server.connections() >= 1);
    }
    const int after = dup(0);
    close(after);
    require(before == after);
    return 0;
}
