// SPDX-License-Identifier: LGPL-2.1-or-later
// Companion: a small process of ours in the box that stands for it before machined.
//
// machined takes everything it does from the process that a machine was registered with, its
// leader: it enters that process's namespaces to copy and bind, sends it signals to have the
// machine stop, and looks for the system bus at /run/dbus/system_bus_socket as that process sees
// it. The init of a box without systemd has neither those signals nor that bus. The companion has:
//
// - it lives in all namespaces of the box, but in a copy of its mounts, in which a socket of the
//   supervisor's stands in place of what the box has below /run/dbus. What is mounted elsewhere
//   still goes both ways (shared mounts); on the file system that /run is on only from the box to
//   here, so that the box does not see the socket.
// - it tells the supervisor of each signal that comes from outside of the box.
//
// It is box-init, executed with no capability, no descriptor but the end of a pipe, from a
// read-only mount of its file that is attached nowhere. Root of the box can kill it, and can do
// nothing else with it that it could not do anyway: all that the supervisor hears from there is the
// number of a signal for the box's own init.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/event/loop.h"
#include "lib/json/fwd.h"
#include "lib/os/fd.h"
#include "lib/shell/enter.h"
#include "lib/shell/witness.h"
#include "lib/state/record.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::shell {

class Companion {
 public:
    struct Events {
        /// It is there: `pid` as the caller sees it, and the socket, which listens. Or why not.
        std::function<void(Result<void>)> ready;
        /// Somebody outside of the box has sent it this signal.
        std::function<void(int signal)> signal;
        /// It has ended, with the box or alone: `asked` by a SIGTERM of the box's, as every process
        /// is in a shutdown. The callee may destroy it later, not at once.
        std::function<void(bool asked)> lost;
        /// Somebody outside of the box has killed its cgroup, by which he means the whole box.
        std::function<void()> killed;
    };

    /// Never waits for the box. `box` and `loop` outlive the companion.
    static Result<std::unique_ptr<Companion>> start(event::Loop& loop, const state::Record& box,
                                                    Events events);
    /// For another image of this program (execve(2)), and back; handover.cc has both. Nothing says
    /// that it is ready, since it was.
    json::Value pack(state::Outgoing& outgoing) const;
    static Result<std::unique_ptr<Companion>> resume(event::Loop& loop, Events events,
                                                     const json::Value& packed,
                                                     state::Incoming& incoming);
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;

    /// It is neither ready nor has it failed; or it was killed, and whether alone is not clear yet.
    [[nodiscard]] bool unsettled() const { return patience_.active(); }
    [[nodiscard]] pid_t pid() const {
        return session_ && session_->pidfd.valid() ? session_->pid : 0;
    }
    /// O_NONBLOCK; to be taken once it is ready.
    os::UniqueFd take_listener() { return std::move(listener_); }

 private:
    Companion(event::Loop& loop, Events events) : loop_(loop), events_(std::move(events)) {}
    Result<void> begin(const state::Record& box);
    void on_entering();
    void on_ready(Session session);
    Result<void> witness(os::UniqueFd earlier);
    Result<void> listen();
    void on_end(os::ExitStatus status);
    void on_signals();
    void forget();
    void fail(Error error);

    event::Loop& loop_;
    Events events_;
    os::UniqueFd listener_;
    os::UniqueFd channel_;
    std::optional<Entering> entering_;
    std::optional<Session> session_;    ///< until nobody is left in its cgroup
    std::unique_ptr<Witness> witness_;  ///< where that is one of its own
    event::Source source_;              ///< of the one or the other
    event::IoSource channel_source_;
    event::TimerSource patience_;
};

}  // namespace boxctl::shell
