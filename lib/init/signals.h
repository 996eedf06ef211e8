// SPDX-License-Identifier: LGPL-2.1-or-later
// Signal numbers, their names, and what each asks of box-init.
//
// Everything here uses the kernel's own 64-bit sets and system calls. The C libraries hide two
// (glibc) or three (musl) real-time signals for themselves and number SIGRTMIN accordingly, 34 or
// 35; the signals container managers send are numbers counted from glibc's 34, whatever library
// this binary was built with.
#pragma once

#include <stdint.h>
#include <sys/types.h>

namespace boxctl::init {

constexpr int kRtMin = 34;
constexpr int kMaxSignal = 64;

/// What the arrival of a signal asks for.
enum class Role : uint8_t {
    child,      ///< SIGCHLD: something to reap
    forward,    ///< pass it on
    resume,     ///< SIGCONT: pass it on, and the terminal with it
    stop_self,  ///< SIGTERM, SIGINT: pass it on and begin an orderly stop
    stop_term,  ///< SIGPWR, SIGRTMIN+3..+6: send SIGTERM and begin an orderly stop
    kill_now,   ///< SIGRTMIN+13..+16: no grace
};

/// The role of `signal` (1..kMaxSignal). With `forward_only` every signal but SIGCHLD and SIGCONT
/// is just passed on, as tini, dumb-init and catatonit do.
Role signal_role(int signal, bool forward_only);

/// "SIGTERM", "term", "15", "SIGRTMIN+3", "RTMAX-1" to a number in 1..kMaxSignal; 0 for anything
/// else.
int parse_signal(const char* text);

/// "SIGTERM", "SIGRTMIN+3"; the text lives in `buffer` or for ever.
const char* signal_name(int signal, char (&buffer)[16]);

using SignalBits = uint64_t;

constexpr SignalBits signal_bit(int signal) {
    return SignalBits{1} << (signal - 1);
}

/// The signal state box-init was started with, given back to the command untouched.
struct InheritedSignals {
    SignalBits blocked = 0;
    bool child_ignored = false;  ///< SIGCHLD was SIG_IGN
    SignalBits shown = 0;        ///< those that take_signals() gave a handler
};

/// Blocks every signal and makes SIGCHLD leave zombies to reap, whatever was inherited. From here
/// on signals arrive through wait_signal() only, including those that PID 1 of a namespace would
/// never see otherwise: a blocked signal is queued even where its default is to be ignored.
///
/// While wait_signal() waits, /proc shows none of them as blocked, and who wants to know whether
/// a stop would be heard (boxctl stop, systemd) sees a PID 1 that is deaf. So those that ask for
/// a stop also have a handler, which is never called.
InheritedSignals take_signals();

/// Restores `was` in this process: the command's last step before exec.
void give_signals(const InheritedSignals& was);

/// From now on children that end are gone at once and nothing tells of them (sigaction(2)).
void ignore_children();

/// From now on they are zombies until they are reaped, and SIGCHLD tells. One that was pending is
/// gone, here as in ignore_children(): whoever calls this looks for news once.
void heed_children();

struct Arrival {
    int signal = 0;  ///< 0: the time is over, or a wake-up without reason
    pid_t sender = 0;
};

/// Waits up to `milliseconds` (-1: for ever) for one signal. Lowest number first, so that
/// a command's faults come before anything else. rt_sigtimedwait(2) rather than signalfd(2): needs
/// no descriptor, so a full descriptor table cannot blind PID 1, and saves one call per wake-up.
Arrival wait_signal(int64_t milliseconds);

/// Forgets a pending `signal`.
void drop_signal(int signal);

/// Whether `signal` is waiting to be taken.
bool is_pending(int signal);

/// Unblocks `signal` for as long as one delivery takes.
void let_through(int signal);

}  // namespace boxctl::init
