// SPDX-License-Identifier: LGPL-2.1-or-later
// Peer: who is at the other end of a connection to the box's system bus.
//
// machined and the clients of systemd connect by a child that has joined the box and become its
// root, so the uid does not tell them from a process of the box (F3). Since Linux 6.16 the kernel
// still knows the cgroup of that child when it has long exited; before, nobody can tell. That is
// why nothing behind this socket can do more than root of the box can do anyway (F4).
#pragma once

#include <string>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::endpoint {

struct Peer {
    enum class Side {
        outside,  ///< its cgroup is not in the box's
        inside,   ///< a process of the box
        unknown,  ///< an older kernel, or no cgroup
    };
    uid_t uid = 0;  ///< as the host sees it
    Side side = Side::unknown;
};

/// `box_cgroup` is the directory of the box's cgroup; empty: it has none.
Result<Peer> probe_peer(os::BorrowedFd socket, const std::string& box_cgroup);

}  // namespace boxctl::endpoint
