// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/event/signal_mask.h"

namespace boxctl::event {

SignalMask::SignalMask(std::initializer_list<int> signals) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : signals)
        sigaddset(&wanted, signal);
    pthread_sigmask(SIG_BLOCK, &wanted, &saved_);
}

SignalMask::~SignalMask() {
    pthread_sigmask(SIG_SETMASK, &saved_, nullptr);
}

}  // namespace boxctl::event
