// SPDX-License-Identifier: LGPL-2.1-or-later
// Endpoint: makes a box without systemd a machine like any other to machinectl, systemctl -M and
// systemd-run -M: its companion (lib/shell/companion.h) and the bus that clients find there
// (server.h). Runs in the supervisor, for as long as the box.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "lib/endpoint/server.h"
#include "lib/event/loop.h"
#include "lib/json/fwd.h"
#include "lib/shell/companion.h"
#include "lib/shell/leaves.h"
#include "lib/state/record.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::endpoint {

class Endpoint {
 public:
    struct Hooks {
        /// The box is to power off or to reboot.
        std::function<void(Power)> power;
        /// The init of the box is to be sent this signal.
        std::function<void(int signal)> signal;
        /// The box is to be killed.
        std::function<void()> killed;
        /// This process stands for the box from now on: to be registered with machined. Again
        /// whenever it had to be replaced.
        std::function<void(pid_t leader)> leader;
        /// It has ended and was reaped; nobody stands for the box until the next one does.
        std::function<void()> leaderless;
        /// There is none, and will be none or not soon: a want that can pass, as that of
        /// descriptors, is waited for. Then `leader` follows.
        std::function<void(const Error& why)> unavailable;
    };

    /// Both outlive it.
    Endpoint(event::Loop& loop, const state::Record& box, Hooks hooks);
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    /// Never waits for the box: a hook tells how it went.
    void start();

    /// For another image of this program (execve(2)), and back; handover.cc has both. Clients have
    /// to connect anew; the programs that they had started go on.
    json::Value pack(state::Outgoing& outgoing) const;
    /// `packed` has a member "endpoint", or none where there was no endpoint yet.
    Result<void> resume(const json::Value& packed, state::Incoming& incoming);
    /// Something is on its way into the box that only this image can finish.
    [[nodiscard]] bool starting() const;

 private:
    shell::Companion::Events companion_events();
    Result<void> keep(shell::Session session);
    Result<void> begin();
    void on_ready(const Result<void>& result);
    void fail(const Error& why);
    void on_signal(int signal);
    void on_lost(bool asked);

    event::Loop& loop_;
    const state::Record& box_;
    Hooks hooks_;
    shell::Leaves leaves_;
    Server server_;
    std::unique_ptr<shell::Companion> companion_;
    event::TimerSource again_;
    int starts_ = 0;
    uint64_t pause_ = 0;  ///< after the last failure to start it; 0: it did start
    /// What clients of an earlier image had started, until it ends.
    struct Kept {
        shell::Session session;
        event::Source source;
    };
    std::list<Kept> kept_;
};

/// What a signal for the leader of a machine asks for (systemd(1), SIGNALS); nothing: it is meant
/// for the init itself.
std::optional<Power> power_of_signal(int signal);

}  // namespace boxctl::endpoint
