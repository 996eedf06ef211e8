// SPDX-License-Identifier: LGPL-2.1-or-later
// Handshake: the server's side of SASL EXTERNAL, by which a D-Bus connection begins (D-Bus
// specification, "Authentication Protocol"). Who the other end is the kernel has said before.
//
// Two dialects. sd-bus sends everything at once and compares the answers byte by byte:
//     \0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n
//     DATA\r\nOK <id>\r\nAGREE_UNIX_FD\r\n
// libdbus and GDBus name the user at once (AUTH EXTERNAL 30) and wait for each answer.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace boxctl::dbus {

class Handshake {
 public:
    /// `id`: 32 hex digits, the server's.
    explicit Handshake(std::string id) : id_(std::move(id)) {}

    /// Takes what it understands from the front of `input` and returns what to answer. An error
    /// ends the connection: too much was said without coming to the point.
    Result<std::string> advance(std::string& input);

    /// What is left of the input is messages.
    [[nodiscard]] bool done() const { return state_ == State::begun; }
    [[nodiscard]] bool passes_fds() const { return passes_fds_; }

 private:
    enum class State { first_byte, unknown, wants_data, known, begun };

    std::string answer(std::string_view line);
    std::string authenticate(std::string_view user);

    std::string id_;
    State state_ = State::first_byte;
    bool passes_fds_ = false;
    int lines_ = 0;
};

}  // namespace boxctl::dbus
