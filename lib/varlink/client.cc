// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/varlink/client.h"

#include <array>

#include <sys/socket.h>
#include <unistd.h>

#include "lib/os/unix_socket.h"

namespace boxctl::varlink {

Result<std::unique_ptr<Client>> Client::call(event::Loop& loop, const std::string& path,
                                             std::string_view method, const json::Value& parameters,
                                             Answer answer) {
    std::unique_ptr<Client> made(new Client(std::move(answer)));
    Client* self = made.get();
    made->connection_ = BOX_TRY(os::connect_stream(path));
    const std::string text = write_call(method, parameters);
    // A fresh connection has room for more than a message may be long.
    const ssize_t sent =
            send(made->connection_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno_error("ask " + path);
    if (static_cast<size_t>(sent) != text.size()) return Error(EAGAIN, "ask " + path);
    made->source_ =
            BOX_TRY(loop.add_io(made->connection_, EPOLLIN, [self](uint32_t) { self->hear(); }));
    made->patience_ = loop.add_timer(event::now_us() + kPatience,
                                     [self] { self->finish(Error(ETIME, "wait for an answer")); });
    return made;
}

void Client::hear() {
    std::array<char, 4096> buffer;
    const ssize_t got = recv(connection_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return finish(errno_error("read an answer"));
    if (got == 0) return finish(Error(ECONNRESET, "read an answer"));
    const auto added = input_.add({buffer.data(), static_cast<size_t>(got)});
    if (!added) return finish(added.error());
    const auto message = input_.take();
    if (message) finish(parse_reply(*message));
}

void Client::finish(Result<Reply> reply) {
    source_.reset();
    patience_.reset();
    // The answer may be the end of this object, and of the function in it.
    const Answer answer = std::move(answer_);
    answer(std::move(reply));
}

}  // namespace boxctl::varlink
