// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors that a client sends. The client may be the box, and a descriptor may be a file of a
// file system that the box serves itself (FUSE): looking at it, and even closing it, would wait
// for the box. So its kind is found out without asking that file system, and what is of no
// harmless kind is closed by a process that nobody waits for.
#pragma once

#include <list>
#include <vector>

#include <sys/socket.h>

#include "lib/event/loop.h"
#include "lib/os/fd.h"

namespace boxctl::endpoint {

/// Standard input, output and error, and room for a client that sends a few more.
constexpr size_t kMostFds = 8;

/// Whether `fd` is a pipe, a socket, a device, a memfd or a file of a file system that the host
/// has mounted itself. Never blocks.
bool is_harmless(os::BorrowedFd fd);

/// Those that came with a message.
std::vector<os::UniqueFd> take_descriptors(msghdr& header);

/// Closes descriptors whose closing may hang, each by a child that has a second for it.
class Janitor {
 public:
    explicit Janitor(event::Loop& loop) : loop_(loop) {}
    void dispose(os::UniqueFd fd);

 private:
    struct Child {
        os::UniqueFd pidfd;
        event::Source source;
    };
    event::Loop& loop_;
    std::list<Child> children_;
};

}  // namespace boxctl::endpoint
