// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/serve.h"

#include <unistd.h>

#include "lib/init/load.h"
#include "lib/init/options.h"
#include "lib/init/supervisor.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr int kOwnError = 125;

}  // namespace

int serve(const Options& options) {
    Services services;
    ServiceFault fault;
    if (!load_services(options.services, services, fault)) {
        Line line = message();
        say(Level::error, line.add(fault.text));
        return kOwnError;
    }
    if (options.check) return 0;
    const InheritedSignals inherited = take_signals();
    SupervisorOptions how;
    how.log_format = options.log_format;
    how.tell_reaped = options.tell_reaped;
    Supervisor supervisor(services, how, inherited);
    return supervisor.prepare() ? supervisor.live() : kOwnError;
}

}  // namespace boxctl::init
