// SPDX-License-Identifier: LGPL-2.1-or-later
// Server: answers Varlink calls at a socket, in the loop.
//
// For root of the host alone: both the socket's mode and the uid of the other end are looked at.
// What is bounded is bounded against mistakes: connections, the length of a message, and how much
// of the answers somebody leaves unread.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/event/listener.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"
#include "lib/varlink/message.h"

namespace boxctl::varlink {

struct Interface {
    std::string name;
    std::string description;  ///< in the interface definition language
};

class Server {
 public:
    /// Names a call that was not answered yet. One whose caller has left is nobody's.
    using Ticket = uint64_t;
    using Handler = std::function<void(Ticket ticket, const Call& call)>;
    /// One more makes the one leave that has said nothing for longest.
    static constexpr size_t kMostConnections = 16;
    static constexpr size_t kMostUnread = 256U << 10U;  ///< bytes

    /// Listens at `path`, in the place of what is there. `handler` gets every call of the
    /// interface and answers it, sooner or later; it must not destroy the server. The loop outlives
    /// it.
    static Result<std::unique_ptr<Server>> create(event::Loop& loop, const std::string& path,
                                                  Interface interface, Handler handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// With `continues` more follow; only where the call asked for `more`.
    void reply(Ticket ticket, const Reply& reply, bool continues = false);
    /// Is whoever made the call still there?
    [[nodiscard]] bool waits(Ticket ticket) const;

 private:
    struct Connection {
        os::UniqueFd fd;
        event::IoSource source;
        Splitter input;
        std::string output;
        Ticket open = 0;  ///< the call that is being answered; 0: none
        bool oneway = false;
    };
    using Place = std::list<Connection>::iterator;

    Server(event::Loop& loop, Interface interface, Handler handler)
            : loop_(loop), interface_(std::move(interface)), handler_(std::move(handler)) {}
    Result<void> add(os::UniqueFd fd);
    void on_ready(Place place, uint32_t events);
    Result<void> hear(Connection& connection);
    Result<void> serve(Connection& connection);
    Result<void> write(Connection& connection);
    void answer(Connection& connection, const Call& call);
    void answer_for_service(Ticket ticket, const Call& call);
    Connection* find(Ticket ticket);

    event::Loop& loop_;
    Interface interface_;
    Handler handler_;
    os::UniqueFd socket_;
    std::list<Connection> connections_;  ///< who was heard last is the last
    std::unique_ptr<event::Listener> listener_;
    Ticket next_ = 1;
};

}  // namespace boxctl::varlink
