// SPDX-License-Identifier: LGPL-2.1-or-later
// Server: the box's system bus as clients on the host see it, through the box's companion.
//
// Serves a listening socket from the supervisor's loop. Root of the box may reach the socket (it
// owns every namespace that the socket is seen in), so every peer is taken for hostile: bounded in
// number, rate, time and bytes, and never waited for. What is said here is done as root of the box
// or not at all.
//
// Not sd-bus in its server mode, which fits the clients: it takes messages of up to 128 MiB and
// queues of them from anybody, and would bring its library into every supervisor.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/endpoint/connection.h"
#include "lib/endpoint/descriptors.h"
#include "lib/endpoint/manager.h"
#include "lib/event/listener.h"
#include "lib/os/fd.h"

namespace boxctl::endpoint {

class Server {
 public:
    /// `loop` outlives it.
    Server(event::Loop& loop, Box box);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Takes clients from here on from `listener`, which listens already and is O_NONBLOCK, and no
    /// longer from the one before.
    Result<void> listen(os::UniqueFd listener);

    /// A client that is connected already, whoever it is.
    Result<void> add(os::UniqueFd socket);
    [[nodiscard]] size_t connections() const { return connections_.size(); }

    // For another image of this program: what it would have to go on with.
    [[nodiscard]] os::BorrowedFd listener() const { return listener_; }
    [[nodiscard]] std::vector<const shell::Session*> sessions() const {
        return manager_.sessions();
    }
    [[nodiscard]] bool starting() const { return manager_.starting(); }

 private:
    Result<void> take(os::UniqueFd socket);
    bool make_room();
    void on_message(Connection& client, const dbus::Message& message,
                    std::vector<os::UniqueFd> fds);
    void sweep();
    [[nodiscard]] uint64_t deadline_of(const Connection& client) const;

    event::Loop& loop_;
    os::UniqueFd listener_;
    Box box_;
    Outlet outlet_;
    Connection::Handlers handlers_;
    Janitor janitor_;
    Manager manager_;
    std::map<uint32_t, std::unique_ptr<Connection>> connections_;
    uint32_t next_number_ = 1;
    std::unique_ptr<event::Listener> clients_;
    event::TimerSource idle_;
    event::Source hook_;
};

}  // namespace boxctl::endpoint
