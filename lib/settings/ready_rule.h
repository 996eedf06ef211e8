// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace boxctl::settings {

/// When a box counts as ready.
struct ReadyRule {
    enum class Kind {
        automatic,  ///< notify for an init that says so by itself, else started
        started,    ///< once its program runs
        notify,     ///< once PID 1 says READY=1 on /run/host/notify (sd_notify(3))
        tcp,        ///< once somebody accepts connections to `port` on the loopback of the box
        socket,     ///< the same for the unix(7) socket at `text`
        file,       ///< once the path `text` exists in it
        log,        ///< once a line on its console matches the regular expression `text`
        exec,       ///< once the shell command `text`, run in it, succeeds
    };
    Kind kind = Kind::automatic;
    uint16_t port = 0;
    std::string text;
};

}  // namespace boxctl::settings
