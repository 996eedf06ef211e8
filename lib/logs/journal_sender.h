// SPDX-License-Identifier: LGPL-2.1-or-later
// JournalSender: gives the console of a box to the journal of the host, a line an entry, by the
// journal's native protocol. Unlike our standard output, which systemd-journald labels with what
// the unit says, that names the machine however boxctl was started, and the box has no say in it:
// its text is a field of a stated length (E7).
//
// Fields: MESSAGE (plain_text(), as journalctl shows no entry with escape sequences in it),
// PRIORITY=6, SYSLOG_IDENTIFIER and BOXCTL_MACHINE with the machine's name. Who may be believed
// is told by _UID and _SYSTEMD_UNIT, which systemd-journald adds itself.
//
// Never blocks: what systemd-journald does not take at once waits, up to kMostWaiting; what comes
// then is dropped and counted, and the journal is told where it is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "lib/console/line_splitter.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"
#include "lib/os/journal.h"

namespace boxctl::logs {

constexpr size_t kMostWaiting = 256U << 10U;  ///< bytes

class JournalSender {
 public:
    /// `loop` outlives it. `socket` is another journal's, for tests.
    JournalSender(event::Loop& loop, std::string machine, std::string socket = os::kJournalSocket)
            : loop_(loop), machine_(std::move(machine)), path_(std::move(socket)) {}

    /// Output of the box, in pieces of any size.
    void take(std::span<const char> data);
    /// The box has ended: an unfinished line is one all the same. What still waits gets `timeout`
    /// µs.
    void finish(uint64_t timeout = event::kSecond);

 private:
    enum class Sent { yes, full, unreachable };

    void queue_line(std::string_view text);
    void push(std::string_view text, int priority);
    void tell_loss();
    void deliver();
    Sent send(const std::string& datagram);
    bool connect();
    [[nodiscard]] std::string datagram_of(std::string_view text, int priority) const;

    event::Loop& loop_;
    std::string machine_;
    std::string path_;
    os::UniqueFd socket_;
    event::IoSource writable_;
    uint64_t next_attempt_ = 0;  ///< now_us() when another connection may be tried
    console::LineSplitter lines_;
    std::deque<std::string> waiting_;
    size_t waiting_bytes_ = 0;
    uint64_t lost_ = 0;  ///< lines
};

}  // namespace boxctl::logs
