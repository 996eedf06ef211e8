// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit: one program that a client had started in the box, and what is left of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/endpoint/transient.h"
#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/shell/enter.h"
#include "lib/shell/leaves.h"
#include "lib/state/record.h"

namespace boxctl::endpoint {

class Unit {
 public:
    enum class State {
        starting,
        running,
        exited,    ///< RemainAfterExit=: its program has ended, it counts as active
        stopping,  ///< its program has ended or is about to; what it left is ended
        dead,
    };
    struct Events {
        /// The program is executed, or why it could not be; once.
        std::function<void(Unit&, const Result<void>&)> started;
        /// The state, or the exit status, is another one.
        std::function<void(Unit&)> changed;
    };
    /// How long a program may take until it is executed, and until it has heeded a signal.
    static constexpr uint64_t kPatience = 10 * event::kSecond;

    /// The first three outlive the unit.
    Unit(event::Loop& loop, const state::Record& box, shell::Leaves& leaves, UnitRequest request,
         Events events);
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

    /// `fds` are what the request's numbers mean; they are closed here. Never waits for the box.
    Result<void> start(const std::vector<os::UniqueFd>& fds);
    /// Ends it, politely at first. Nothing happens when it has ended.
    void stop();
    /// To the first process, or to all.
    Result<void> signal(int number, bool all);

    [[nodiscard]] const UnitRequest& request() const { return request_; }
    /// The program, while it runs.
    [[nodiscard]] const shell::Session* session() const { return session_ ? &*session_ : nullptr; }
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] bool over() const { return state_ == State::dead || state_ == State::exited; }
    /// Ended in a way that counts as failure, or never began.
    [[nodiscard]] bool failed() const;
    /// "success", "exit-code", "signal" or "resources".
    [[nodiscard]] const char* result() const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const std::optional<os::ExitStatus>& status() const { return status_; }
    /// Of its cgroup below the box's, or empty.
    [[nodiscard]] const std::string& leaf() const { return leaf_; }

    struct Moment {
        uint64_t realtime = 0;   ///< µs
        uint64_t monotonic = 0;  ///< µs
    };
    [[nodiscard]] const Moment& begun() const { return begun_; }
    [[nodiscard]] const Moment& ended() const { return ended_; }

 private:
    [[nodiscard]] shell::EnterRequest enter_request(const std::vector<os::UniqueFd>& fds) const;
    void on_entering();
    void on_started(shell::Session session);
    void on_ended(os::ExitStatus status);
    void fail_to_start(const Error& error);
    void end_rest();
    void wait_for_rest();
    void kill_rest();
    [[nodiscard]] bool has_rest() const;
    [[nodiscard]] bool asked_to_end() const;
    void finish();
    void change(State state);

    event::Loop& loop_;
    const state::Record& box_;
    shell::Leaves& leaves_;
    UnitRequest request_;
    Events events_;
    State state_ = State::starting;
    std::optional<shell::Entering> entering_;
    std::optional<shell::Session> session_;
    event::Source source_;  ///< of the one or the other
    os::UniqueFd rest_;     ///< cgroup.events
    event::IoSource rest_source_;
    event::TimerSource patience_;
    std::optional<os::ExitStatus> status_;
    bool never_began_ = false;
    pid_t pid_ = 0;
    std::string leaf_;
    Moment begun_;
    Moment ended_;
};

}  // namespace boxctl::endpoint
