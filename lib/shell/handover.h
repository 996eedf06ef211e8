// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/json/fwd.h"
#include "lib/shell/enter.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::shell {

/// What another image of this program needs to look after the program in our place (execve(2)), and
/// back. Its terminal is left out: only who reads it has one, and that is not the supervisor.
json::Value pack(const Session& session, state::Outgoing& outgoing);
Result<Session> unpack_session(const json::Value& packed, state::Incoming& incoming);

}  // namespace boxctl::shell
