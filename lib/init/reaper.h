// SPDX-License-Identifier: LGPL-2.1-or-later
// Taking the status of children, adopted ones included.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "lib/init/options.h"

namespace boxctl::init {

enum class Fate : uint8_t {
    none,         ///< no child has news
    no_children,  ///< there is no child at all
    exited,       ///< reaped
    stopped,      ///< stopped by a signal; still a child
    lost,         ///< ended, but its status cannot be read
};

struct Child {
    Fate fate = Fate::none;
    pid_t pid = 0;
    int status = 0;  ///< exited: exit code, or 128 + signal; stopped: the signal; lost: the errno
};

/// Children taken between two looks at the signals: a storm of exits delays a stop request by no
/// more than this many system calls.
constexpr int kReapBatch = 128;

/// `pid` with the status that wait(2) gives for it: how it has ended, or what stopped it.
Child child_with(pid_t pid, int status);

/// The news of one child, without waiting. waitpid(2), which takes a twentieth less than waitid(2);
/// all but a hundredth of that is the kernel's work, which storm.h saves.
Child reap_one();

/// Whether each orphan is to be named, so that somebody has to see it.
bool tells_reaped(const Options& options);

/// Names an orphan that was reaped.
void tell_reaped(const Child& child);

}  // namespace boxctl::init
