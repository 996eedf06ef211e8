// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/event/listener.h"

#include <cerrno>

#include "lib/base/log.h"
#include "lib/os/unix_socket.h"

namespace boxctl::event {
namespace {

/// accept(2): nobody waits any more.
bool is_over(int error) {
    return error == EAGAIN || error == EINTR || error == ECONNABORTED;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::create(Loop& loop, os::BorrowedFd socket,
                                                   Callback callback) {
    std::unique_ptr<Listener> made(new Listener(socket, std::move(callback)));
    Listener* self = made.get();
    made->source_ = BOX_TRY(loop.add_io(socket, EPOLLIN, [self](uint32_t) { self->accept_one(); }));
    made->rested_ = loop.add_timer(kNever, [self] { self->listen(EPOLLIN); });
    return made;
}

void Listener::accept_one() {
    auto connection = os::accept_unix(socket_);
    if (connection) return callback_(std::move(connection).value());
    log::debug(connection.error().message());
    if (is_over(connection.error().code())) return;
    listen(0);
    rested_.set_deadline(now_us() + kSecond);
}

void Listener::listen(uint32_t events) {
    const auto set = source_.set_events(events);
    if (!set) log::debug(set.error().message());
}

}  // namespace boxctl::event
