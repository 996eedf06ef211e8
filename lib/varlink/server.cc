// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/varlink/server.h"

#include <algorithm>
#include <array>

#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/unix_socket.h"

namespace boxctl::varlink {
namespace {

constexpr std::string_view kServiceInterface = "org.varlink.service";
constexpr const char* kServiceDescription =
        "interface org.varlink.service\n"
        "method GetInfo() -> (vendor: string, product: string, version: string, url: string, "
        "interfaces: []string)\n"
        "method GetInterfaceDescription(interface: string) -> (description: string)\n"
        "error InterfaceNotFound(interface: string)\n"
        "error MethodNotFound(method: string)\n"
        "error InvalidParameter(parameter: string)\n"
        "error ExpectedMore()\n";

std::string_view interface_of(std::string_view method) {
    return method.substr(0, method.rfind('.'));
}

std::string_view member_of(std::string_view method) {
    return method.substr(method.rfind('.') + 1);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(event::Loop& loop, const std::string& path,
                                               Interface interface, Handler handler) {
    std::unique_ptr<Server> made(new Server(loop, std::move(interface), std::move(handler)));
    Server* self = made.get();
    made->socket_ = BOX_TRY(os::listen_unix(path, SOCK_STREAM));
    made->listener_ = BOX_TRY(event::Listener::create(loop, made->socket_, [self](os::UniqueFd fd) {
        const auto added = self->add(std::move(fd));
        if (!added) log::debug(added.error().message());
    }));
    return made;
}

Result<void> Server::add(os::UniqueFd fd) {
    const ucred peer = BOX_TRY(os::peer_of(fd));
    if (peer.uid != geteuid()) {
        return Error(EPERM, format("answer a process of uid %u", peer.uid));
    }
    if (connections_.size() >= kMostConnections) connections_.pop_front();
    connections_.emplace_back();
    const Place place = std::prev(connections_.end());
    place->fd = std::move(fd);
    auto source = loop_.add_io(place->fd, EPOLLIN,
                               [this, place](uint32_t events) { on_ready(place, events); });
    if (!source) {
        connections_.erase(place);
        return std::move(source).error();
    }
    place->source = std::move(source).value();
    return {};
}

void Server::on_ready(Place place, uint32_t events) {
    connections_.splice(connections_.end(), connections_, place);
    Result<void> done;
    if ((events & EPOLLOUT) != 0) done = write(*place);
    if (done && (events & EPOLLOUT) != 0) done = serve(*place);
    if (done && (events & ~uint32_t{EPOLLOUT}) != 0) done = hear(*place);
    if (done) return;
    if (done.error().code() != ECONNRESET) log::debug(done.error().message());
    connections_.erase(place);
}

/// ECONNRESET at the end of the connection, however it comes.
Result<void> Server::hear(Connection& connection) {
    std::array<char, 4096> buffer;
    const ssize_t got = recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0) return Error(ECONNRESET, "read a call");
    BOX_TRY(connection.input.add({buffer.data(), static_cast<size_t>(got)}));
    return serve(connection);
}

/// One call after another: the answers come in the order of the calls. What came too early waits.
Result<void> Server::serve(Connection& connection) {
    while (connection.open == 0) {
        const auto message = connection.input.take();
        if (!message) return {};
        const Call call = BOX_TRY(parse_call(*message));
        connection.open = next_++;
        connection.oneway = call.oneway;
        answer(connection, call);
        if (connection.output.size() > kMostUnread) return Error(ENOBUFS, "answer a call");
        BOX_TRY(write(connection));
    }
    return {};
}

void Server::answer(Connection& connection, const Call& call) {
    const Ticket ticket = connection.open;
    const std::string_view interface = interface_of(call.method);
    if (interface == kServiceInterface) return answer_for_service(ticket, call);
    if (interface != interface_.name) return reply(ticket, no_such_interface(interface));
    handler_(ticket, call);
}

void Server::answer_for_service(Ticket ticket, const Call& call) {
    if (member_of(call.method) == "GetInfo") {
        const std::vector<std::string> interfaces = {std::string(kServiceInterface),
                                                     interface_.name};
        return reply(ticket, {"",
                              {{"vendor", "boxctl"},
                               {"product", "boxctl"},
                               {"version", BOXCTL_VERSION},
                               {"url", ""},
                               {"interfaces", interfaces}}});
    }
    if (member_of(call.method) != "GetInterfaceDescription") {
        return reply(ticket, no_such_method(call.method));
    }
    const auto name = json::get_string(call.parameters, "interface");
    if (!name) return reply(ticket, invalid_parameter("interface"));
    if (*name == kServiceInterface)
        return reply(ticket, {"", {{"description", kServiceDescription}}});
    if (*name != interface_.name) return reply(ticket, no_such_interface(*name));
    reply(ticket, {"", {{"description", interface_.description}}});
}

Server::Connection* Server::find(Ticket ticket) {
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const Connection& one) { return one.open == ticket; });
    return ticket != 0 && found != connections_.end() ? &*found : nullptr;
}

bool Server::waits(Ticket ticket) const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [&](const Connection& one) { return one.open == ticket; });
}

void Server::reply(Ticket ticket, const Reply& reply, bool continues) {
    Connection* const connection = find(ticket);
    if (connection == nullptr) return;
    // Who reads nothing is told nothing more; serve() or the next event ends the connection.
    if (!connection->oneway && connection->output.size() <= kMostUnread) {
        connection->output += write_reply(reply, continues);
    }
    if (!continues) connection->open = 0;
    const auto armed = connection->source.set_events(EPOLLIN | EPOLLOUT);
    if (!armed) log::debug(armed.error().message());
}

Result<void> Server::write(Connection& connection) {
    if (!connection.output.empty()) {
        const ssize_t sent = send(connection.fd.get(), connection.output.data(),
                                  connection.output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return Error(ECONNRESET, "answer a call");
        if (sent > 0) connection.output.erase(0, static_cast<size_t>(sent));
    }
    if (!connection.output.empty()) return {};
    BOX_TRY(connection.source.set_events(EPOLLIN));
    return {};
}

}  // namespace boxctl::varlink
