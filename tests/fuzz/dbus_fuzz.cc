// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as one D-Bus message, as the beginning of a connection, and as what StartTransientUnit
// asks for. What must hold: no crash, nothing read outside of it, and what was accepted is written
// and accepted again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/text.h"
#include "lib/dbus/auth.h"
#include "lib/dbus/message.h"
#include "lib/endpoint/transient.h"

namespace {

using boxctl::dbus::Message;

void require(bool holds) {
    if (!holds) abort();
}

void try_as_handshake(std::string input) {
    boxctl::dbus::Handshake handshake(std::string(32, '0'));
    const size_t size = input.size();
    const auto answer = handshake.advance(input);
    require(input.size() <= size);
    if (answer && handshake.done()) require(answer->find("OK ") != std::string::npos);
}

void try_as_request(const Message& message) {
    if (message.signature != "ssa(sv)a(sa(sv))") return;
    const auto parsed = boxctl::endpoint::parse_transient(message);
    if (const auto* refusal = std::get_if<boxctl::endpoint::Refusal>(&parsed)) {
        require(boxctl::printable(refusal->text) == refusal->text);
        return;
    }
    const auto& unit = std::get<boxctl::endpoint::UnitRequest>(parsed);
    require(boxctl::endpoint::is_service_name(unit.name) && !unit.command.empty());
    require(unit.terminal.empty() || boxctl::endpoint::is_terminal_path(unit.terminal));
    for (const int fd : unit.fds)
        require(fd < static_cast<int>(message.fds));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    try_as_handshake(std::string(bytes));
    const auto message = boxctl::dbus::parse_message(bytes);
    if (!message) return 0;
    try_as_request(*message);
    if (message->endian == boxctl::dbus::Endian::big) return 0;
    const std::string written = boxctl::dbus::to_bytes(*message);
    const auto again = boxctl::dbus::parse_message(written);
    require(again.has_value());
    require(again->body == message->body && again->member == message->member);
    require(boxctl::dbus::to_bytes(*again) == written);
    return 0;
}
