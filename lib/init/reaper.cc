// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/reaper.h"

#include <errno.h>
#include <sys/wait.h>

namespace boxctl::init {

Child reap_one() {
    siginfo_t info = {};
    if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) < 0) {
        return {errno == ECHILD ? Fate::no_children : Fate::none, 0, 0};
    }
    if (info.si_pid == 0) return {};
    switch (info.si_code) {
        case CLD_EXITED:
            return {Fate::exited, info.si_pid, info.si_status};
        case CLD_KILLED:
        case CLD_DUMPED:
            return {Fate::exited, info.si_pid, 128 + info.si_status};
        default:
            return {Fate::stopped, info.si_pid, info.si_status};
    }
}

}  // namespace boxctl::init
