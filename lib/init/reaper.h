// SPDX-License-Identifier: LGPL-2.1-or-later
// Taking the status of children, adopted ones included.
#pragma once

#include <stdint.h>
#include <sys/types.h>

namespace boxctl::init {

enum class Fate : uint8_t {
    none,         ///< no child has news
    no_children,  ///< there is no child at all
    exited,       ///< reaped
    stopped,      ///< stopped by a signal; still a child
};

struct Child {
    Fate fate = Fate::none;
    pid_t pid = 0;
    int status = 0;  ///< exited: exit code, or 128 + signal; stopped: the signal
};

/// Children taken between two looks at the signals: a storm of exits delays a stop request by no
/// more than this many system calls.
constexpr int kReapBatch = 128;

/// The news of one child, without waiting. waitpid(2), which takes a twentieth less than waitid(2);
/// all but a hundredth of that is the kernel's work. SA_NOCLDWAIT (sigaction(2)) would spare it,
/// but free the command's number as it ends, and a signal that is passed on could reach another
/// process.
Child reap_one();

}  // namespace boxctl::init
