// SPDX-License-Identifier: LGPL-2.1-or-later
// Init kinds: how each PID 1 is asked to stop, in its own language.
//
// machinectl and systemd-nspawn speak one language, systemd's real-time signals, which every other
// init ignores: the kernel drops signals without a handler when they go to PID 1 of a namespace.
#pragma once

#include <string>
#include <vector>

#include "lib/host/facts.h"

namespace boxctl::plan {

/// Either a signal for PID 1 or a command run inside the box.
struct InitRequest {
    int signal = 0;
    std::vector<std::string> command;

    [[nodiscard]] bool empty() const { return signal == 0 && command.empty(); }
    bool operator==(const InitRequest&) const = default;
};

struct InitLanguage {
    InitRequest poweroff;
    InitRequest reboot;
};

InitLanguage language_of(host::InitKind kind);

/// "SIGUSR2" or "run /sbin/telinit 0"; "nothing" for an empty request.
std::string describe(const InitRequest& request);

}  // namespace boxctl::plan
