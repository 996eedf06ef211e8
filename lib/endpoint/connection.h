// SPDX-License-Identifier: LGPL-2.1-or-later
// Connection: one client of the box's system bus, from the handshake to the end.
//
// Whoever it is, it can cost us a fixed amount: one message and a few descriptors on the way in,
// kMostOutput bytes on the way out. Anything malformed, or more than that, closes it. It never
// blocks the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/dbus/auth.h"
#include "lib/dbus/message.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"

namespace boxctl::endpoint {

class Connection {
 public:
    struct Handlers {
        /// Called with a whole message and its descriptors. May close() the connection.
        std::function<void(Connection&, const dbus::Message&, std::vector<os::UniqueFd>)> message;
        /// Takes a descriptor that must not be closed here (descriptors.h).
        std::function<void(os::UniqueFd)> discard;
    };

    /// `number` is its own for ever. `handlers` outlive it.
    static Result<std::unique_ptr<Connection>> create(event::Loop& loop, os::UniqueFd socket,
                                                      uint32_t number, const Handlers& handlers);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Sends as soon as the other end takes it.
    void send(dbus::Message message);
    /// Nothing is received or sent any more; the owner may destroy it as soon as no callback runs.
    void close();
    [[nodiscard]] bool closed() const { return !socket_.valid(); }
    /// Why, when it was closed for what the other end did.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

    [[nodiscard]] uint32_t number() const { return number_; }
    /// ":1.N", its unique name.
    [[nodiscard]] std::string name() const;
    /// When something was received last.
    [[nodiscard]] uint64_t active_at() const { return active_at_; }
    [[nodiscard]] bool authenticated() const { return handshake_.done(); }

    bool greeted = false;     ///< it has said Hello
    bool subscribed = false;  ///< it wants signals

 private:
    Connection(os::UniqueFd socket, uint32_t number, const Handlers& handlers, std::string id)
            : socket_(std::move(socket)),
              number_(number),
              handlers_(handlers),
              handshake_(std::move(id)) {}
    void on_ready(uint32_t events);
    Result<bool> receive();
    Result<void> keep(std::vector<os::UniqueFd> fds);
    Result<void> digest();
    Result<void> digest_message(size_t size);
    void flush();
    void fail(Error error);

    os::UniqueFd socket_;
    uint32_t number_;
    const Handlers& handlers_;
    dbus::Handshake handshake_;
    event::IoSource source_;
    std::string input_;
    std::vector<os::UniqueFd> fds_;
    std::string output_;
    uint32_t serial_ = 0;
    uint64_t active_at_ = 0;
    std::optional<Error> failure_;
};

}  // namespace boxctl::endpoint
