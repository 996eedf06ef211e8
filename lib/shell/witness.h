// SPDX-License-Identifier: LGPL-2.1-or-later
// Witness: tells a kill of the companion's whole cgroup from one of the companion.
//
// Asked to kill a machine, machined (258 and later) has systemd kill the cgroup that the leader was
// in when it was registered, and what is below. Where the box has controllers that is one of the
// companion's own: in that of PID 1 it would keep an init from handing them on (cgroups(7), no
// internal processes). So this ends the companion alone; and so does the box itself now and then,
// in a shutdown at the latest, which is no reason to kill it.
//
// The witness sleeps in the same cgroup, but outside of the box: it joins no namespace of it, and
// no process of the box has a number for it, or may write to that cgroup's cgroup.kill. The kernel
// passes it by when memory runs out. What kills it comes from the host, and means the machine.
// Where that cannot be had (no CAP_SYS_RESOURCE) it gives up, and such a kill ends the companion
// alone.
#pragma once

#include <functional>
#include <memory>

#include "lib/event/loop.h"
#include "lib/os/fd.h"

namespace boxctl::shell {

class Witness {
 public:
    using Killed = std::function<void()>;

    /// `cgroup` is a directory; `killed` is called once, when somebody has killed what is in it.
    /// The caller has one thread. `loop` outlives the witness.
    static Result<std::unique_ptr<Witness>> start(event::Loop& loop, os::BorrowedFd cgroup,
                                                  Killed killed);
    /// Takes over one that an earlier image of this program has started (execve(2)).
    static Result<std::unique_ptr<Witness>> adopt(event::Loop& loop, os::UniqueFd pidfd,
                                                  Killed killed);
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness();

    [[nodiscard]] os::BorrowedFd pidfd() const { return pidfd_; }

 private:
    Witness(os::UniqueFd pidfd, Killed killed)
            : pidfd_(std::move(pidfd)), killed_(std::move(killed)) {}
    void on_end(os::ExitStatus status);

    os::UniqueFd pidfd_;  ///< until it is reaped
    Killed killed_;
    event::Source source_;
};

}  // namespace boxctl::shell
