// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>

#include "lib/base/result.h"
#include "lib/console/escape.h"
#include "lib/console/forwarder.h"
#include "lib/console/tap.h"
#include "lib/console/terminal_guard.h"
#include "lib/event/loop.h"
#include "lib/json/fwd.h"
#include "lib/os/fd.h"
#include "lib/state/record.h"
#include "lib/supervise/control.h"
#include "lib/supervise/visitor.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::supervise {

/// What the supervisor does with the box's console: shows it to its caller, or keeps what is
/// written there (passive) and lets a visitor look and type.
class ConsoleView {
 public:
    using OnEscape = std::function<void(console::Escape)>;

    /// `master` is that of the box's console; it and the rest outlive this object.
    ConsoleView(event::Loop& loop, const state::Record& record, os::BorrowedFd master)
            : loop_(loop), record_(record), master_(master) {}

    Result<void> open(OnEscape on_escape);
    /// Goes on where an earlier image of this program packed. handover.cc has both.
    Result<void> resume(OnEscape on_escape, const json::Value& packed, state::Incoming& incoming);
    json::Value pack(state::Outgoing& outgoing) const;
    /// All that the box writes there; not what goes to descriptors that the box was given.
    console::Tap& tap() { return tap_; }
    /// The caller's window has another size.
    void resize();
    /// Somebody wants to be the visitor of a passive console. One at a time: two who type into one
    /// terminal do not know of each other.
    void admit(Question question);
    /// The box has ended: shows what it wrote last and gives the caller's terminal back.
    void close();

 private:
    [[nodiscard]] bool is_passive() const;
    [[nodiscard]] bool is_shown() const;
    Result<void> show(OnEscape on_escape, console::Unsent unsent);
    Result<void> keep(console::Unsent unsent);
    Result<void> receive(Question& question);
    [[nodiscard]] Visitor::Console visited();
    std::function<void()> on_left();

    event::Loop& loop_;
    const state::Record& record_;
    os::BorrowedFd master_;
    console::Tap tap_;
    console::TerminalGuard terminal_;
    std::unique_ptr<console::Forwarder> forwarder_;
    std::unique_ptr<Visitor> visitor_;
};

}  // namespace boxctl::supervise
