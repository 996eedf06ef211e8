// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/policy.h"

#include <signal.h>

namespace boxctl::init {

bool ended_well(const Service& service, int status, bool was_up) {
    if (service.type == ServiceType::oneshot) return status == 0;
    if (!was_up) return false;
    if (status == 0) return true;
    static constexpr int kAskedToEnd[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
    for (const int signal : kAskedToEnd) {
        if (status == 128 + signal) return true;
    }
    return false;
}

int64_t restart_delay(const Service& service, uint32_t failures) {
    int64_t delay = service.restart_delay;
    for (uint32_t i = 1; i < failures && delay < kMaxRestartDelay; ++i)
        delay *= 2;
    return delay < kMaxRestartDelay ? delay : kMaxRestartDelay;
}

}  // namespace boxctl::init
