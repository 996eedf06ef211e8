// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a message bus itself (org.freedesktop.DBus): names, matches, who is there. There is
// no bus behind it, every client talks to us alone; and no filtering, since clients do their own.
#pragma once

#include "lib/endpoint/call.h"
#include "lib/endpoint/connection.h"

namespace boxctl::endpoint {

constexpr const char* kBusName = "org.freedesktop.DBus";

/// A call to the bus, of this client, or one that every object answers (Peer, Introspectable).
/// False when it is neither.
bool answer_as_bus(const Call& call, Connection& client);

}  // namespace boxctl::endpoint
