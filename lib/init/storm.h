// SPDX-License-Identifier: LGPL-2.1-or-later
// Leaving orphans to the kernel while they come in a storm.
//
// While SIGCHLD is ignored (sigaction(2)) a child that ends is gone at once: no zombie, no signal
// that wakes us up, no waitpid(2). But the command, too, is gone as it ends. Its status then comes
// through its pidfd (PIDFD_INFO_EXIT, Linux 6.15), and its number may be another process's a moment
// later. So this lasts only until anything else happens: the command ends, or a signal comes.
// end() is called before anybody uses the command's number, to send it a signal or to kill what is
// left; from there on a command that ends is a zombie again, and its number its own.
//
// Nobody tells that the command was stopped meanwhile, so this is nothing for a terminal.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "lib/init/reaper.h"

namespace boxctl::init {

/// Orphans reaped by hand before the kernel is asked to, the first time and each time after end():
/// a container that makes no storm never pays for the switch (a few dozen microseconds, once).
constexpr uint32_t kStorm = 512;
/// Where the kernel cannot be asked now (Linux before 6.15, no descriptor or process to be had,
/// a seccomp filter), the next try waits for this many times as many orphans.
constexpr uint32_t kStormPatience = 16;

/// Whether this kernel tells a status through a pidfd exactly as waitpid(2) does. Asked of
/// a process whose first thread ends before it, with another status: the case that is easily wrong.
/// Makes that process (two threads, in our memory, for as long as it takes to kill it) and reaps
/// it.
bool probe_exit_status();

class Storm {
 public:
    Storm() = default;
    Storm(const Storm&) = delete;
    Storm& operator=(const Storm&) = delete;
    ~Storm();

    /// Counts `reaped` orphans. True when there were enough, and from now on the kernel reaps; who
    /// was a zombie before has still to be reaped by hand. `command` is a child that we have not
    /// reaped. Signals must have been taken.
    bool rises(pid_t command, uint32_t reaped);

    /// Whether the kernel reaps.
    [[nodiscard]] bool lasts() const { return lasts_; }

    /// Waits until the command has ended or a signal has come, which stays pending.
    void wait() const;

    /// Children that end become zombies again. Fate::exited, or Fate::lost, if the command has
    /// ended before; pid is not set. Else Fate::none; a stop of the command can be waiting for
    /// reap_one() then, without SIGCHLD.
    Child end();

 private:
    bool prepare(pid_t command);

    uint32_t reaped_ = 0;
    uint32_t wanted_ = kStorm;
    int command_ = -1;  ///< its pidfd, once there was a storm
    int signals_ = -1;  ///< signalfd(2): readable while a signal is pending
    bool proven_ = false;
    bool lasts_ = false;
};

}  // namespace boxctl::init
