// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/plan/init_kinds.h"

#include <signal.h>

#include "lib/base/text.h"
#include "lib/os/process.h"

namespace boxctl::plan {

InitLanguage language_of(host::InitKind kind) {
    switch (kind) {
        case host::InitKind::systemd:  // systemd(1), SIGNALS
        case host::InitKind::box_init:
            return {{SIGRTMIN + 4, {}}, {SIGRTMIN + 5, {}}};
        case host::InitKind::busybox:  // busybox init/init.c: USR1 halts, USR2 powers off
            return {{SIGUSR2, {}}, {SIGTERM, {}}};
        case host::InitKind::sysvinit:  // telinit(8); its signals mean power failure and reload
            return {{0, {"/sbin/telinit", "0"}}, {0, {"/sbin/telinit", "6"}}};
        case host::InitKind::openrc:  // openrc-init(8)
            return {{SIGTERM, {}}, {SIGINT, {}}};
        case host::InitKind::runit:  // runit-init(8), which is /sbin/init wherever runit is PID 1
            return {{0, {"/sbin/init", "0"}}, {0, {"/sbin/init", "6"}}};
        case host::InitKind::s6:  // s6-linux-init keeps busybox's signals
            return {{SIGUSR2, {}}, {SIGTERM, {}}};
        case host::InitKind::dinit:  // dinit(8), SIGNALS
            return {{SIGQUIT, {}}, {SIGINT, {}}};
        case host::InitKind::unknown:
            break;
    }
    // What most programs that were meant to be stopped listen to.
    return {{SIGTERM, {}}, {SIGINT, {}}};
}

std::string describe(const InitRequest& request) {
    if (!request.command.empty()) return "run " + printable(join(request.command, " "));
    return request.signal == 0 ? "nothing" : os::signal_name(request.signal);
}

}  // namespace boxctl::plan
