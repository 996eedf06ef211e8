// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/control.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/message.h"
#include "lib/os/unix_socket.h"
#include "lib/state/record.h"

namespace boxctl::state {
namespace {

constexpr int kPatience = 15000;  // ms

std::string path_of(const std::string& name) {
    return std::string(kDirectory) + "/" + name + "/control";
}

Result<os::UniqueFd> connect_to(const std::string& name) {
    auto connection = os::connect_unix(path_of(name));
    if (!connection && connection.error().code() == ENOENT) {
        Error error("the supervisor of machine " + quote(name) + " is of an older boxctl");
        error.set_hint("boxctl reload " + name);
        return error;
    }
    return std::move(connection).context("ask the supervisor of machine " + quote(name));
}

/// Null when the supervisor went without an answer.
Result<Reply> ask_once(const std::string& name, const json::Value& question) {
    Reply reply;
    reply.connection = BOX_TRY(connect_to(name));
    if (BOX_TRY(os::peer_of(reply.connection)).uid != geteuid()) {
        return Error(EPERM, "ask the supervisor of machine " + quote(name));
    }
    BOX_TRY(send_value(reply.connection, question));
    pollfd answered = {reply.connection.get(), POLLIN, 0};
    const int count = poll(&answered, 1, kPatience);
    if (count < 0) return errno_error("wait for the supervisor");
    if (count == 0) return Error(ETIME, "wait for the supervisor of machine " + quote(name));
    Message message = BOX_TRY(receive_value(reply.connection));
    reply.value = std::move(message.value);
    reply.fds = std::move(message.fds);
    return reply;
}

}  // namespace

Result<os::UniqueFd> listen_for_control(const std::string& name) {
    return os::listen_unix(path_of(name));
}

Result<Reply> ask_supervisor(const std::string& name, const json::Value& question) {
    Reply reply = BOX_TRY(ask_once(name, question));
    // A reload closes what it had no time to read: nothing has been done about that yet.
    if (reply.value.is_null()) reply = BOX_TRY(ask_once(name, question));
    if (reply.value.is_null()) {
        return Error("the supervisor of machine " + quote(name) + " went away");
    }
    if (json::find(reply.value, "error") != nullptr) return error_of(reply.value);
    return reply;
}

Result<void> send_value(os::BorrowedFd connection, const json::Value& value,
                        const std::vector<int>& fds) {
    const std::string text = json::to_text(value);
    if (text.size() > kLongestMessage) return Error(E2BIG, "send a message of the supervisor's");
    return os::send_message(connection, std::as_bytes(std::span(text)), fds);
}

Result<void> send_refusal(os::BorrowedFd connection, const Error& error) {
    return send_value(connection, {{"error", error.text()},
                                   {"code", error.code()},
                                   {"hint", error.hint()},
                                   {"exit_code", error.exit_code()}});
}

Error error_of(const json::Value& refusal) {
    const auto text_of = [&](const char* key) {
        auto text = json::get_string(refusal, key);
        return text ? std::move(text).value() : std::string();
    };
    const auto number_of = [&](const char* key, uint64_t otherwise) {
        const auto number = json::get_u64(refusal, key);
        return static_cast<int>(number && *number <= INT16_MAX ? *number : otherwise);
    };
    Error error(number_of("code", 0), text_of("error"));
    error.set_hint(text_of("hint"));
    error.set_exit_code(number_of("exit_code", 125));
    return error;
}

Result<Message> receive_value(os::BorrowedFd connection) {
    const ssize_t size = recv(connection.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    if (size < 0) return errno_error("receive a message");
    if (static_cast<size_t>(size) > kLongestMessage) return Error(EMSGSIZE, "receive a message");
    std::string text(static_cast<size_t>(size), '\0');
    os::Received received =
            BOX_TRY(os::receive_message(connection, std::as_writable_bytes(std::span(text))));
    Message message;
    if (received.bytes == 0) return message;
    if (received.bytes != text.size()) return Error(EPROTO, "receive a message");
    message.value = BOX_TRY(json::parse(text));
    if (!message.value.is_object()) return Error(EPROTO, "read a message");
    message.fds = std::move(received.fds);
    return message;
}

}  // namespace boxctl::state
