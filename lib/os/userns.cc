// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/userns.h"

#include <array>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::os {
namespace {

struct Ends {
    int reader;
    int writer;
};

// The holder: no right on the host. It waits for its end, or for the caller's. Shares all memory
// with the caller: system calls only, and none that can fail and so set the caller's errno.
int hold(void* argument) {
    const auto* ends = static_cast<const Ends*>(argument);
    close(ends->writer);
    char byte = 0;
    return read(ends->reader, &byte, 1) == 0 ? 0 : 1;
}

}  // namespace

Result<UniqueFd> make_userns(const std::string& uid_map, const std::string& gid_map) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) return errno_error("make a pipe");
    const UniqueFd reader(pipe_ends[0]);
    const UniqueFd writer(pipe_ends[1]);
    // Not a fork: that would copy the page tables of the caller, for a process that does nothing.
    alignas(16) std::array<char, 16384> stack;
    Ends ends = {reader.get(), writer.get()};
    int pidfd = -1;
    const pid_t pid = clone(hold, stack.data() + stack.size(),
                            CLONE_VM | CLONE_NEWUSER | CLONE_PIDFD | SIGCHLD, &ends, &pidfd);
    if (pid < 0) return errno_error("make a user namespace");
    const UniqueFd holder(pidfd);
    const ScopeGuard end([&] {
        (void)send_signal(holder, SIGKILL).has_value();
        (void)wait_for(holder).has_value();
    });
    BOX_TRY(write_file(format("/proc/%d/uid_map", pid), uid_map));
    BOX_TRY(write_file(format("/proc/%d/gid_map", pid), gid_map));
    return open_host(format("/proc/%d/ns/user", pid), O_RDONLY);
}

}  // namespace boxctl::os
