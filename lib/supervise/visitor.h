// SPDX-License-Identifier: LGPL-2.1-or-later
// Visitor: somebody outside, `boxctl console`, at a console that the supervisor keeps.
//
// The supervisor stays the only one who reads the console, so log and readiness miss nothing; a
// visitor is shown what was written last, text and colours of it, and from then on every byte. He
// is never waited for: what he does not take in time is left out, and told, and he goes on with
// the newest.
#pragma once

#include <functional>
#include <memory>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/console/byte_ring.h"
#include "lib/console/forwarder.h"
#include "lib/console/tap.h"
#include "lib/event/loop.h"
#include "lib/json/fwd.h"
#include "lib/os/fd.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::supervise {

class Visitor {
 public:
    /// What is kept for one who reads slowly, besides what the kernel holds for him.
    static constexpr size_t kPatience = 64U << 10U;

    struct Ends {
        os::UniqueFd connection;  ///< he says his window's size on it, and is there while it is
        os::UniqueFd bytes;       ///< a stream socket: keys one way, output the other
        pid_t pid = 0;
    };
    /// What a visitor looks at; it outlives him.
    struct Console {
        event::Loop& loop;
        os::BorrowedFd master;
        console::Forwarder& forwarder;  ///< passive
        console::Tap& tap;
    };

    /// `left` is called once he has gone; it may destroy the visitor.
    static Result<std::unique_ptr<Visitor>> create(const Console& console, Ends ends,
                                                   std::function<void()> left);
    /// Goes on where an earlier image of this program packed. handover.cc has both.
    static Result<std::unique_ptr<Visitor>> resume(const Console& console,
                                                   const json::Value& packed,
                                                   state::Incoming& incoming,
                                                   std::function<void()> left);
    json::Value pack(state::Outgoing& outgoing) const;
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    ~Visitor() { console_.forwarder.drop_input(); }

    [[nodiscard]] pid_t pid() const { return ends_.pid; }
    /// He has, though it was not told yet.
    [[nodiscard]] bool has_gone() const;
    /// Bytes that are underway to him, as far as we hold them.
    [[nodiscard]] size_t waiting() const { return to_screen_.size(); }
    /// The console has ended: delivers what was written last, if he takes it within `timeout` µs.
    void finish(uint64_t timeout);

 private:
    Visitor(const Console& console, Ends ends, std::function<void()> left)
            : console_(console), ends_(std::move(ends)), left_(std::move(left)) {}
    Result<void> listen();
    void show_past();
    void take(std::span<const char> output);
    void deliver();
    bool send_some();
    void catch_up();
    void watch_room();
    void hear();
    Result<void> hear_size();
    void leave();

    Console console_;
    Ends ends_;
    std::function<void()> left_;
    console::ByteRing<kPatience> to_screen_;
    uint64_t left_out_ = 0;  ///< bytes that came since to_screen_ was full; it is not empty then
    bool sized_ = false;     ///< he has told the size of his window
    event::IoSource connection_source_;
    event::IoSource bytes_source_;
    console::Tap::Hold tap_;
};

}  // namespace boxctl::supervise
