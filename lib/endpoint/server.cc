// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/server.h"

#include <algorithm>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/endpoint/bus.h"
#include "lib/endpoint/peer.h"

namespace boxctl::endpoint {
namespace {

constexpr size_t kMostConnections = 64;
/// How long a client may be silent: before it has said who it is, and when nothing is done for it.
constexpr uint64_t kHandshakeTime = 5 * event::kSecond;
constexpr uint64_t kIdleTime = 300 * event::kSecond;

bool is_served(const std::string& destination) {
    return destination.empty() || destination == kSystemdName || destination == ":1.0" ||
           destination == "org.freedesktop.login1";
}

}  // namespace

Server::Server(event::Loop& loop, Box box)
        : loop_(loop), box_(std::move(box)), janitor_(loop), manager_(loop, box_, outlet_) {
    outlet_.send = [this](uint32_t number, dbus::Message message) {
        const auto found = connections_.find(number);
        if (found != connections_.end()) found->second->send(std::move(message));
    };
    outlet_.broadcast = [this](const dbus::Message& message) {
        for (const auto& [number, client] : connections_) {
            if (client->subscribed) client->send(message);
        }
    };
    handlers_.message = [this](Connection& client, const dbus::Message& message,
                               std::vector<os::UniqueFd> fds) {
        on_message(client, message, std::move(fds));
    };
    handlers_.discard = [this](os::UniqueFd fd) { janitor_.dispose(std::move(fd)); };
    hook_ = loop_.add_hook([this] { sweep(); });
    idle_ = loop_.add_timer(event::kNever, [this] { sweep(); });
}

Result<void> Server::listen(os::UniqueFd listener) {
    clients_.reset();
    listener_ = std::move(listener);
    clients_ = BOX_TRY(event::Listener::create(loop_, listener_, [this](os::UniqueFd socket) {
        const auto taken = take(std::move(socket));
        if (!taken) log::debug("machine '" + box_.record->name + "': " + taken.error().message());
    }));
    return {};
}

/// Only root of the box, and of those where it can be told, only who is not of the box (F3).
Result<void> Server::take(os::UniqueFd socket) {
    const Peer peer = BOX_TRY(probe_peer(socket, box_.record->cgroup));
    if (peer.uid != box_.record->id_base && peer.uid != 0) {
        return Error(EPERM, format("a client with uid %u", peer.uid));
    }
    if (peer.side == Peer::Side::inside) return Error(EPERM, "a client inside the box");
    if (connections_.size() >= kMostConnections && !make_room()) {
        return Error(EBUSY, "a client too many");
    }
    return add(std::move(socket));
}

Result<void> Server::add(os::UniqueFd socket) {
    const uint32_t number = next_number_++;
    connections_[number] = BOX_TRY(Connection::create(loop_, std::move(socket), number, handlers_));
    return {};
}

/// Of those that nothing is done for, the one that was silent for longest leaves.
bool Server::make_room() {
    Connection* oldest = nullptr;
    for (const auto& [number, client] : connections_) {
        if (client->closed() || manager_.serves(number)) continue;
        if (oldest == nullptr || client->active_at() < oldest->active_at()) oldest = client.get();
    }
    if (oldest == nullptr) return false;
    oldest->close();
    sweep();
    return true;
}

void Server::on_message(Connection& client, const dbus::Message& message,
                        std::vector<os::UniqueFd> fds) {
    if (message.type != dbus::Type::method_call) return;
    Call call(outlet_, client.number(), message, std::move(fds));
    if (!client.greeted && !(message.destination == kBusName && message.member == "Hello")) {
        return client.close();
    }
    if (answer_as_bus(call, client)) return;
    if (!is_served(message.destination)) {
        return call.refuse(kServiceUnknown,
                           "this box has no service " + quote(message.destination));
    }
    manager_.handle(call);
}

uint64_t Server::deadline_of(const Connection& client) const {
    if (client.authenticated() && manager_.serves(client.number())) return event::kNever;
    return client.active_at() + (client.authenticated() ? kIdleTime : kHandshakeTime);
}

void Server::sweep() {
    const uint64_t now = event::now_us();
    uint64_t next = event::kNever;
    for (auto each = connections_.begin(); each != connections_.end();) {
        Connection& client = *each->second;
        if (!client.closed() && deadline_of(client) <= now) client.close();
        if (!client.closed()) {
            next = std::min(next, deadline_of(client));
            ++each;
            continue;
        }
        if (client.failure()) {
            log::debug("machine '" + box_.record->name + "': " + client.failure()->message());
        }
        manager_.forget(client.number());
        each = connections_.erase(each);
    }
    manager_.sweep();
    idle_.set_deadline(next);
}

}  // namespace boxctl::endpoint
