// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/companion.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/init/signals.h"

namespace boxctl::init {

int run_companion() {
    prctl(PR_SET_NAME, "boxctl-companion", 0, 0, 0);
    // A new executable begins without both.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    take_signals();
    for (;;) {
        const Arrival arrival = wait_signal(-1);
        // A sender outside of this PID namespace has no number here.
        const bool from_box = arrival.sender != 0;
        if (from_box && arrival.signal == SIGTERM) return kCompanionTerminated;
        if (arrival.signal == 0 || arrival.signal == SIGCHLD || from_box) continue;
        const auto number = static_cast<unsigned char>(arrival.signal);
        // Full: as many wishes wait to be read as anybody can have.
        if (write(kCompanionChannel, &number, 1) < 0 && errno != EAGAIN && errno != EINTR) return 0;
    }
}

}  // namespace boxctl::init
