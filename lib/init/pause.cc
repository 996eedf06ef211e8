// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/pause.h"

#include <signal.h>
#include <unistd.h>

#include "lib/init/reaper.h"
#include "lib/init/signals.h"

namespace boxctl::init {

namespace {

void reap_all(const Options& options) {
    for (Child child = reap_one(); child.fate == Fate::exited || child.fate == Fate::stopped;
         child = reap_one()) {
        if (child.fate == Fate::exited && tells_reaped(options)) tell_reaped(child);
    }
}

/// There is no command that could want these for itself.
bool ends_pause(int signal) {
    if (signal == SIGHUP || signal == SIGQUIT) return true;
    const Role role = signal_role(signal, false);
    return role == Role::stop_self || role == Role::stop_term || role == Role::kill_now;
}

}  // namespace

int pause_until_stopped(const Options& options) {
    // No status is of interest: the kernel can reap.
    if (!tells_reaped(options)) ignore_children();
    reap_all(options);
    while (true) {
        const Arrival arrival = wait_signal(-1);
        if (arrival.signal == SIGCHLD) reap_all(options);
        if (arrival.signal > 0 && ends_pause(options.rewrite[arrival.signal])) return 0;
    }
}

}  // namespace boxctl::init
