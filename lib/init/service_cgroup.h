// SPDX-License-Identifier: LGPL-2.1-or-later
// A cgroup of version 2 for each service, so that a kill is complete and usage is exact.
//
//     OWN/                  the cgroup box-init was started in
//     OWN/init/             box-init itself: a cgroup with controllers may hold no process
//     OWN/service-NAME/     one leaf a service
//
// Where this cannot be written nothing here fails: a service then is a session, and box-init says
// once what that means.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "lib/init/service.h"

namespace boxctl::init {

struct Usage {
    bool known = false;
    int64_t memory = -1;  ///< bytes; -1: no memory controller
    int64_t processes = 0;
    int64_t cpu_usec = 0;
};

/// Open files of one leaf, so that a kill needs no descriptor that may not be there any more. All
/// are -1 where there are no cgroups.
struct Leaf {
    int directory = -1;
    int procs = -1;   ///< cgroup.procs
    int kill = -1;    ///< cgroup.kill; -1 before Linux 5.14
    int events = -1;  ///< cgroup.events; EPOLLPRI when it changes
    [[nodiscard]] bool is_there() const { return events >= 0; }
};

class ServiceCgroups {
 public:
    /// Finds our cgroup, moves into OWN/init and gives the leaves the controllers that `services`
    /// need. Null, or why there are no cgroups.
    const char* open(const Services& services);

    [[nodiscard]] bool are_there() const { return own_ >= 0; }

    /// Makes the leaf of a service with its limits. `limited` is false when a limit that was asked
    /// for is not in force.
    Leaf make_leaf(const Service& service, bool& limited) const;

    /// Removes the leaves and moves box-init back.
    void close(const Services& services);

 private:
    int own_ = -1;
};

/// In the child: moves itself. 0 or errno.
int join_leaf(const Leaf& leaf);
/// Sends `signal` to each process that is in it now.
void signal_leaf(const Leaf& leaf, int signal);
/// SIGKILL to all that is in it, forks under way included.
void kill_leaf(const Leaf& leaf);
/// Whether any process is in it, zombies not counted.
bool is_populated(const Leaf& leaf);
Usage read_usage(const Leaf& leaf);

}  // namespace boxctl::init
