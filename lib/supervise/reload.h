// SPDX-License-Identifier: LGPL-2.1-or-later
// Reload: another image of boxctl takes this process's place while the box runs on.
//
// After an upgrade the program file is a new one, and execve(2) of it keeps what matters: the
// process, whose child PID 1 is and whom the service manager watches, its blocked and pending
// signals, and the descriptors that are not closed. What has to be known besides goes through a
// memfd (state/handover.h). Because nothing can be taken back after execve, the new program is
// asked first, in a child, whether it understands the handover.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::state {
class Outgoing;
}  // namespace boxctl::state

namespace boxctl::supervise {

/// Puts the program of `path` (os::own_program()) in the place of this one. Returns only when that
/// fails, with nothing changed.
Error replace_image(const std::string& path, const state::Outgoing& outgoing);

/// How this image was started.
struct Start {
    enum class Kind {
        plain,     ///< by a user, or by whoever
        rehearse,  ///< to look at a handover and say whether it is understood
        resume,    ///< to take over
    };
    Kind kind = Kind::plain;
    os::UniqueFd memfd;
};
/// Reads and removes the environment variable that replace_image() sets.
Result<Start> how_started();

/// Whether this image understands the handover.
Result<void> rehearse(os::BorrowedFd memfd);

}  // namespace boxctl::supervise
