// SPDX-License-Identifier: LGPL-2.1-or-later
// Connection: a client's end of D-Bus, to the system bus or to systemd itself.
//
// Runs in boxctl with the host's privileges. Nothing here trusts an answer's size (sd-bus bounds
// messages), and every wait has an end. A connection is not shared with a child: sd-bus refuses
// calls after a fork, and what the child inherits is closed by it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/bus/message.h"
#include "lib/event/loop.h"

struct sd_bus;

namespace boxctl::bus {

constexpr const char* kSystemBus = "/run/dbus/system_bus_socket";
/// systemd's own socket, for root: no bus behind it, so no names, no other services and no signal
/// to one client alone. What systemctl(1) falls back to.
constexpr const char* kManager = "/run/systemd/private";

enum class Peer { bus, manager };

struct Address {
    const char* service;  ///< "org.freedesktop.systemd1"
    std::string path;
    const char* interface;
};

/// A registered callback; destroying it unregisters.
class [[nodiscard]] Slot {
 public:
    Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot();
    void reset();

 private:
    friend class Connection;
    struct Callback;
    std::unique_ptr<Callback> callback_;
};

class Connection {
 public:
    using Signal = std::function<void(Message& signal)>;
    using Answer = std::function<void(Result<Message> answer)>;
    using Lost = std::function<void()>;

    /// Connects and, on a bus, waits for our name (5 s, ETIME). Loads libsystemd. Errors: ENOENT,
    /// ECONNREFUSED when nobody listens; see load_libsystemd().
    static Result<std::unique_ptr<Connection>> open(Peer peer, const std::string& socket);
    /// The same without waiting for the name, for a connection that a loop is to serve: calls are
    /// sent once the bus has given it, and fail when it does not.
    static Result<std::unique_ptr<Connection>> begin(Peer peer, const std::string& socket);

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    /// Sends what is queued, if the bus has given us a name, then closes. What the peer keeps for
    /// this client ends with it.
    ~Connection();

    [[nodiscard]] Peer peer() const { return peer_; }
    /// ":1.42"; empty where there is no bus, and after begin().
    [[nodiscard]] const std::string& name() const { return name_; }

    Result<Message> make_call(const Address& address, const char* method);
    /// Sends and waits for the answer (25 s). The Error of an answer that is one has the service's
    /// words and its name as an errno: EEXIST for UnitExists and MachineExists, ENOENT for NoSuch…,
    /// EACCES, EROFS for a property that cannot be set, ETIMEDOUT, …
    Result<Message> call(Message& request);
    /// Sends and has `answer` called once; never from inside this function. Dropping the slot drops
    /// the answer, not the request.
    Result<Slot> call_async(Message& request, Answer answer);
    /// Sends and wants no answer.
    Result<void> send(Message& request);
    /// Has `signal` called for every signal of this name, among them all that a request sent after
    /// this call brings about. `signal` does not drop its own slot.
    Result<Slot> match(const Address& sender, const char* member, Signal signal);
    /// The same of those whose first field is the text `first`, which needs no escaping; nobody
    /// wakes us for the others. For a bus.
    Result<Slot> match_first(const Address& sender, const char* member, const std::string& first,
                             Signal signal);

    /// Serves the connection until `done` returns true; ETIME at `deadline` (event::now_us()).
    Result<void> serve_until(const std::function<bool()>& done, uint64_t deadline);

    /// From now on `loop` serves the connection. `lost` is called once when the peer is gone, after
    /// every answer that is still awaited was called with an error; it may destroy the connection,
    /// which no other callback may. The loop outlives the connection.
    Result<void> attach(event::Loop& loop, Lost lost);

 private:
    Connection(const Libsystemd& library, sd_bus* bus, Peer peer)
            : library_(&library), bus_(bus), peer_(peer) {}
    Result<void> start(const std::string& socket);
    Result<void> await_name();
    Result<bool> process_one();
    void process();
    void prepare();
    void lose();

    const Libsystemd* library_;
    sd_bus* bus_;
    Peer peer_;
    std::string name_;
    Lost lost_;
    event::IoSource io_;
    event::TimerSource timer_;
    event::Source hook_;
};

}  // namespace boxctl::bus
