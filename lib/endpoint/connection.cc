// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/connection.h"

#include <algorithm>
#include <cstring>

#include <sys/random.h>
#include <sys/socket.h>

#include "lib/base/text.h"
#include "lib/endpoint/descriptors.h"

namespace boxctl::endpoint {
namespace {

constexpr size_t kChunk = 16U << 10U;
constexpr size_t kMostOutput = 512U << 10U;
/// How many reads before others have their turn.
constexpr int kReadsAtOnce = 8;

Result<std::string> random_id() {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return errno_error("getrandom");
    std::string id;
    for (const unsigned char byte : bytes)
        id += format("%02x", byte);
    return id;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::create(event::Loop& loop, os::UniqueFd socket,
                                                       uint32_t number, const Handlers& handlers) {
    std::string id = BOX_TRY(random_id());
    std::unique_ptr<Connection> made(new Connection(std::move(socket), number, handlers, id));
    made->active_at_ = event::now_us();
    made->source_ = BOX_TRY(loop.add_io(
            made->socket_, EPOLLIN, [raw = made.get()](uint32_t ready) { raw->on_ready(ready); }));
    return made;
}

std::string Connection::name() const {
    return format(":1.%u", number_);
}

void Connection::close() {
    source_.reset();
    socket_.reset();
    input_.clear();
    output_.clear();
    fds_.clear();
}

void Connection::fail(Error error) {
    if (!failure_) failure_ = std::move(error);
    close();
}

void Connection::on_ready(uint32_t events) {
    if ((events & EPOLLOUT) != 0) flush();
    if ((events & ~uint32_t{EPOLLOUT}) == 0) return;
    for (int i = 0; i < kReadsAtOnce && !closed(); i++) {
        auto more = receive();
        if (!more) return fail(std::move(more).error());
        auto digested = digest();
        if (!digested) return fail(std::move(digested).error());
        if (!*more) return;
    }
}

/// One read; false when there is nothing more now. The end of the stream closes the connection.
Result<bool> Connection::receive() {
    char bytes[kChunk];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostFds)];
    iovec space = {bytes, sizeof bytes};
    msghdr header = {};
    header.msg_iov = &space;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got < 0 && errno == ECONNRESET) {
        // It has left with something unread, as machined does.
        close();
        return false;
    }
    if (got < 0) return errno_error("read from a client");
    BOX_TRY(keep(take_descriptors(header)));
    if ((header.msg_flags & MSG_CTRUNC) != 0) {
        return Error(EMSGSIZE, "take descriptors of a client");
    }
    if (got == 0) {
        close();
        return false;
    }
    active_at_ = event::now_us();
    input_.append(bytes, static_cast<size_t>(got));
    return true;
}

Result<void> Connection::keep(std::vector<os::UniqueFd> fds) {
    bool harmless = true;
    for (os::UniqueFd& fd : fds) {
        if (is_harmless(fd)) {
            fds_.push_back(std::move(fd));
            continue;
        }
        harmless = false;
        handlers_.discard(std::move(fd));
    }
    if (!harmless) return Error(EPERM, "take a file of the box's own from a client");
    if (fds_.size() > kMostFds) return Error(EMSGSIZE, "take descriptors of a client");
    return {};
}

Result<void> Connection::digest() {
    if (!handshake_.done()) {
        output_ += BOX_TRY(handshake_.advance(input_));
        flush();
    }
    while (!closed() && handshake_.done() && input_.size() >= dbus::kFixedHeader) {
        const size_t size = BOX_TRY(dbus::message_size(input_));
        if (input_.size() < size) break;
        BOX_TRY(digest_message(size));
    }
    return {};
}

Result<void> Connection::digest_message(size_t size) {
    dbus::Message message = BOX_TRY(dbus::parse_message(std::string_view(input_).substr(0, size)));
    input_.erase(0, size);
    if (message.fds > fds_.size() || (message.fds > 0 && !handshake_.passes_fds())) {
        return Error(EBADMSG, "read a D-Bus message: descriptors are missing");
    }
    const auto end = fds_.begin() + static_cast<ptrdiff_t>(message.fds);
    std::vector<os::UniqueFd> fds(std::make_move_iterator(fds_.begin()),
                                  std::make_move_iterator(end));
    fds_.erase(fds_.begin(), end);
    message.sender = name();
    handlers_.message(*this, message, std::move(fds));
    return {};
}

void Connection::send(dbus::Message message) {
    if (closed()) return;
    message.serial = ++serial_;
    output_ += dbus::to_bytes(message);
    flush();
}

void Connection::flush() {
    while (!closed() && !output_.empty()) {
        const ssize_t sent =
                ::send(socket_.get(), output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0 && errno == EINTR) continue;
        // It has left; that is no failure (machined does as soon as it has its answer).
        if (sent < 0) return close();
        output_.erase(0, static_cast<size_t>(sent));
    }
    if (closed()) return;
    if (output_.size() > kMostOutput) return fail(Error(ENOBUFS, "a client does not read"));
    auto watched = source_.set_events(output_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
    if (!watched) fail(std::move(watched).error());
}

}  // namespace boxctl::endpoint
