// SPDX-License-Identifier: LGPL-2.1-or-later
// Launch: a Plan becomes a running box. See protocol.h for the three processes and what they say.
#pragma once

#include <vector>

#include <sys/types.h>

#include "lib/json/fwd.h"
#include "lib/launch/protocol.h"
#include "lib/launch/reservation.h"
#include "lib/net/apply.h"
#include "lib/os/fd.h"
#include "lib/plan/plan.h"
#include "lib/rootfs/apply.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::launch {

/// The process that makes a box's tree (builder.h), a child of ours. Destroying it kills and reaps
/// it.
class Builder {
 public:
    Builder() = default;
    explicit Builder(os::UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    Builder(Builder&&) = default;
    Builder& operator=(Builder&& other) noexcept;
    ~Builder();
    /// Waits for its end, which comes by itself after its last word.
    Result<void> reap();

 private:
    os::UniqueFd pidfd_;
};

/// A box that is built: its PID 1 has its tree, confines itself and waits to be executed, or has
/// been.
/// Destroying it kills the box and reaps PID 1.
struct RunningBox {
    RunningBox() = default;
    RunningBox(const RunningBox&) = delete;
    RunningBox& operator=(const RunningBox&) = delete;
    RunningBox(RunningBox&&) = default;
    RunningBox& operator=(RunningBox&&) = delete;
    ~RunningBox();

    /// As for Reservation: the box goes on under another image of this program. After unpack() has
    /// begun, a failure ends the box.
    json::Value pack(state::Outgoing& outgoing) const;
    static Result<RunningBox> unpack(const json::Value& packed, state::Incoming& incoming);

    pid_t leader = 0;
    os::UniqueFd pidfd;                          ///< reset() once reaped
    std::vector<rootfs::TerminalEnd> terminals;  ///< index 0 is the console
    os::UniqueFd notify;
    net::Link cable;  ///< index 0: none
    Link payload;     ///< until execute()
    Builder builder;  ///< until await_confined()
};

/// Builds the box. `root` is its directory as host::open_root() gave it. On failure nothing of it
/// runs any more. The caller is single-threaded.
///
/// From the birth of its first process on a watch stands by that ends the box and gives up the
/// reservation if this process is killed: PID 1 also asks the kernel for that (PR_SET_PDEATHSIG),
/// but a hostile one can take it back.
Result<RunningBox> build(const plan::Plan& plan, Reservation& reservation, os::BorrowedFd root);

/// Waits until PID 1 is confined and nothing of the launch but it is left.
Result<void> await_confined(RunningBox& box);

/// Has PID 1 execute the box's program. An error has exit code 126 or 127.
Result<void> execute(RunningBox& box);

}  // namespace boxctl::launch
