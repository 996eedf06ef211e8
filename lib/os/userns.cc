// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::os {

Result<UniqueFd> make_userns(const std::string& uid_map, const std::string& gid_map) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return errno_error("make a pipe");
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const Cloned holder =
            BOX_TRY(clone_process({.flags = CLONE_NEWUSER}).context("make a user namespace"));
    if (holder.pid == 0) {
        // --- The holder: no right on the host. It waits for its end, or for the caller's. ---
        writer.reset();
        char byte = 0;
        while (read(reader.get(), &byte, 1) < 0 && errno == EINTR) {
        }
        _exit(0);
    }
    const ScopeGuard end([&] {
        (void)send_signal(holder.pidfd, SIGKILL).has_value();
        (void)wait_for(holder.pidfd).has_value();
    });
    BOX_TRY(write_file(format("/proc/%d/uid_map", holder.pid), uid_map));
    BOX_TRY(write_file(format("/proc/%d/gid_map", holder.pid), gid_map));
    return open_host(format("/proc/%d/ns/user", holder.pid), O_RDONLY);
}

}  // namespace boxctl::os
