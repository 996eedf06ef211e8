// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/signal.h"

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::cgroup {

Result<void> signal_all(os::BorrowedFd dir, int number) {
    const os::UniqueFd list =
            BOX_TRY(os::open_in(dir, "cgroup.procs", O_RDONLY, os::Follow::no_symlinks));
    for (const std::string& line : split(BOX_TRY(os::read_fd(list)), '\n')) {
        const auto pid = parse_u32(line);
        if (!pid) continue;
        const auto pidfd = os::open_pidfd(static_cast<pid_t>(*pid));
        if (!pidfd) continue;
        const os::UniqueFd again =
                BOX_TRY(os::open_in(dir, "cgroup.procs", O_RDONLY, os::Follow::no_symlinks));
        const std::string text = "\n" + BOX_TRY(os::read_fd(again));
        if (text.find("\n" + line + "\n") == std::string::npos) continue;
        // It may end at any moment.
        (void)os::send_signal(*pidfd, number).has_value();
    }
    return {};
}

}  // namespace boxctl::cgroup
