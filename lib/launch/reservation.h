// SPDX-License-Identifier: LGPL-2.1-or-later
// Reservation: what a box holds on the host from before its first start until after its last,
// over all its reboots: its name, its tree, its ids, its cgroup and its state directory.
// The ids come second, as who may have them takes long to find out (userns/overlap.h) and nothing
// needs them before the box has its user namespace.
//
// Every part is either held by a lock that dies with us or has a name that follows from the
// machine's: so a killed boxctl leaves nothing that the next start, or cleanup(), does not find.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/cgroup/apply.h"
#include "lib/json/fwd.h"
#include "lib/os/death_watch.h"
#include "lib/os/lock.h"
#include "lib/plan/plan.h"
#include "lib/userns/ids.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::launch {

class Reservation {
 public:
    /// Takes everything the plan names but the ids. On failure nothing stays taken.
    static Result<Reservation> take(const plan::Plan& plan);
    /// Takes the ids, and hands the cgroup to the box's root. Nothing when they are taken already.
    Result<void> claim_ids(const plan::Plan& plan);

    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    /// What was moved from holds nothing: every part of it is empty then.
    Reservation(Reservation&&) = default;
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation();

    /// From here on a watch ends the box and releases all this should we be killed. `leader` is the
    /// box's PID 1.
    Result<void> stand_by(os::BorrowedFd leader);

    /// Gives everything back, in the reverse order. Idempotent; the destructor calls it. Goes on
    /// after a failure and returns the first one; the state directory then stays, as the sign that
    /// something is left.
    Result<void> release();

    /// What another image of this program needs to hold it in our place (execve(2)), and back.
    /// handover.cc has both.
    json::Value pack(state::Outgoing& outgoing) const;
    static Result<Reservation> unpack(const json::Value& packed, state::Incoming& incoming);

    [[nodiscard]] const userns::IdRange& ids() const { return ids_; }
    [[nodiscard]] const cgroup::Cgroup& cgroup() const { return cgroup_; }

 private:
    Reservation() = default;
    Result<void> take_locks(const plan::Plan& plan);
    Result<void> take_directory(const plan::Plan& plan);
    Result<void> take_scope(const plan::Plan& plan);
    /// Descriptors that hold the locks: whoever keeps them open keeps the reservation taken.
    [[nodiscard]] std::vector<int> held() const;

    os::LockFile name_lock_;
    os::LockFile root_lock_;
    userns::IdRange ids_;
    bool has_ids_ = false;
    cgroup::Cgroup cgroup_;
    std::string shared_mount_;  ///< where we made a mount on the host, or empty
    std::string directory_;     ///< the machine whose state directory we made, or empty
    os::DeathWatch watch_;
};

/// SIGKILL to the first process of a box, which ends all of it, and waits for its end (5 s, ETIME).
/// It need not be our child.
Result<void> end_process(os::BorrowedFd pidfd);

/// Removes what a killed boxctl left of `name`: processes of the box, its scope, its cgroup
/// (`cgroup_dir`, empty: none of our own making), cable, propagation mount and state directory. The
/// caller holds the name's lock, so nobody uses any of it. Idempotent.
Result<void> clean_up_leftovers(const std::string& name, const std::string& cgroup_dir);

}  // namespace boxctl::launch
