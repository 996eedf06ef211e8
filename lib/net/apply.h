// SPDX-License-Identifier: LGPL-2.1-or-later
// Carries out a NetPlan.
//
// The parent, in the host's network namespace, makes and removes the cable. Its box end is born
// inside the box's namespace and the pair dies with it, so after a SIGKILL nothing is left to
// remove; remove_veth() is for the orderly end and for a namespace that something else keeps alive.
// The builder, in the box's namespace, calls the two functions at the end; they do without libmnl.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "lib/net/plan.h"
#include "lib/os/fd.h"

namespace boxctl::net {

struct Link {
    uint32_t index = 0;
    std::string name;
};

/// Makes the cable of the plan; the host end is tagged as this machine's and set up.
/// A left-over of a box of the same name is replaced. A link of that name (or alternative name)
/// that does not carry our tag is somebody else's: EEXIST, and it stays untouched (I2).
/// Nothing is left when this fails.
Result<Link> make_veth(const NetPlan& plan, os::BorrowedFd box_netns, const std::string& machine);

/// Removes the host end of the cable of a machine of this name, and with it the pair, when it is
/// there and that machine's.
/// The kernel takes 10 to 25 ms for it; a box's end may leave it to the end of its namespace.
Result<void> remove_veth(const std::string& machine);

/// Sets "lo" up in the network namespace of the caller (netdevice(7)); the kernel then gives it
/// 127.0.0.1 and ::1.
Result<void> bring_up_loopback();

/// Lets these groups send pings without privilege in the network namespace of the caller. The
/// numbers are of the caller's user namespace (icmp(7), ping_group_range); 2147483647 is the last
/// that the kernel takes. ENOENT on a kernel without IPv4.
Result<void> open_ping_range(gid_t first, gid_t last);

}  // namespace boxctl::net
