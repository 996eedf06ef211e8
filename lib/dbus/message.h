// SPDX-License-Identifier: LGPL-2.1-or-later
// Message: the header of a D-Bus message and its body, which is read by a Reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/dbus/reader.h"
#include "lib/dbus/writer.h"

namespace boxctl::dbus {

/// Nothing that a manager of services is asked or answers is larger; the specification allows
/// 128 MiB.
constexpr size_t kMaxMessage = 64U << 10U;
/// Bytes from which message_size() can tell how long a message is.
constexpr size_t kFixedHeader = 16;

enum class Type : uint8_t { method_call = 1, method_return = 2, error = 3, signal = 4 };

constexpr uint8_t kNoReplyExpected = 1;

struct Message {
    Type type = Type::method_call;
    uint8_t flags = 0;
    uint32_t serial = 0;
    uint32_t reply_serial = 0;
    uint32_t fds = 0;  ///< how many descriptors come with it
    std::string path;
    std::string interface;
    std::string member;
    std::string error_name;
    std::string destination;
    std::string sender;
    std::string signature;  ///< of the body
    std::string body;
    Endian endian = Endian::little;

    [[nodiscard]] Reader reader() const { return {body, endian}; }
};

/// Whole length of the message that begins with these kFixedHeader bytes. An error when they begin
/// none, or one longer than kMaxMessage.
Result<size_t> message_size(std::string_view begin);

/// A whole message. An error for whatever the specification does not allow: the connection is then
/// of no use any more.
Result<Message> parse_message(std::string_view bytes);

/// As bytes to send, little-endian.
std::string to_bytes(const Message& message);

/// The answers to a call; sender and serial are for who sends them.
Message make_return(const Message& call, std::string_view signature, Writer body);
Message make_return(const Message& call);
Message make_error(const Message& call, std::string_view name, std::string_view text);
Message make_signal(std::string_view path, std::string_view interface, std::string_view member,
                    std::string_view signature, Writer body);

}  // namespace boxctl::dbus
