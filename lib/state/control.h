// SPDX-License-Identifier: LGPL-2.1-or-later
// Control: where the supervisor of a box is asked for what no signal can say.
//
//     /run/boxctl/NAME/control   SOCK_SEQPACKET, 0600: one JSON object a message
//
//     verb ── {"ask": WORD, …} ─────────────────────────────────────────────▶ supervisor
//     verb ◀─ {…} and descriptors, or {"error": TEXT, "hint": TEXT, …} ────── supervisor
//
// A connection is for one question. What becomes of it after the answer is the business of the
// word: of "console" it stays for as long as somebody is attached.
//
// Nobody but root of the host can get to the socket. It is bound into a box only by somebody who
// says ":control" for it, and even then its root is not ours: both ends look at the uid.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/json/json.h"
#include "lib/os/fd.h"

namespace boxctl::state {

constexpr size_t kLongestMessage = 128U << 10U;  ///< bytes

/// Listens for who asks the supervisor of `name`, whose state directory is there. O_NONBLOCK.
Result<os::UniqueFd> listen_for_control(const std::string& name);

struct Reply {
    json::Value value;
    std::vector<os::UniqueFd> fds;
    os::UniqueFd connection;
};
/// Asks the supervisor of `name`, and waits for its answer, or its refusal as an error: 15 s at
/// most, as it may be in the middle of a reload.
Result<Reply> ask_supervisor(const std::string& name, const json::Value& question);

/// One message. EAGAIN when the other end does not take it and `connection` is O_NONBLOCK.
Result<void> send_value(os::BorrowedFd connection, const json::Value& value,
                        const std::vector<int>& fds = {});
/// The answer that stands for an error.
Result<void> send_refusal(os::BorrowedFd connection, const Error& error);
Error error_of(const json::Value& refusal);

struct Message {
    json::Value value;  ///< an object; null when the other end is gone
    std::vector<os::UniqueFd> fds;
};
/// EAGAIN when there is none and `connection` is O_NONBLOCK.
Result<Message> receive_value(os::BorrowedFd connection);

}  // namespace boxctl::state
