// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/child_steps.h"

#include <algorithm>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::launch {

Result<void> become_box_root() {
    if (setresgid(0, 0, 0) < 0 || setgroups(0, nullptr) < 0 || setresuid(0, 0, 0) < 0) {
        return errno_error("become the box's root");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno_error("follow the supervisor");
    // Until execve nobody may look into this process: its memory is still boxctl's (A4).
    if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno_error("stay closed to tracers");
    return {};
}

Result<void> reset_signals() {
    // The kernel's own call: sigaction(3) keeps two real-time signals to itself, and whoever
    // started us may have left them ignored. All zero means SIG_DFL, on every architecture.
    constexpr size_t kKernelSetSize = 8;
    const unsigned char by_default[64] = {};
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        // Refused for SIGKILL and SIGSTOP, which nobody can change.
        syscall(SYS_rt_sigaction, signal, by_default, nullptr, kKernelSetSize);
    }
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, nullptr) < 0) return errno_error("reset signals");
    return {};
}

Result<void> enter_directory(const std::string& path) {
    if (path == "/") return {};
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    auto directory = os::open_in(root, path, O_PATH | O_DIRECTORY);
    if (!directory) return std::move(directory).context("--chdir").error();
    if (fchdir(directory->get()) < 0) return errno_error("enter " + quote(path));
    return {};
}

Result<void> close_others(std::vector<int> kept) {
    std::sort(kept.begin(), kept.end());
    unsigned first = 3;
    const auto close_to = [&](unsigned last) {
        return first > last || close_range(first, last, 0) == 0;
    };
    for (const int fd : kept) {
        if (fd < 3) continue;
        if (!close_to(static_cast<unsigned>(fd) - 1)) return errno_error("close descriptors");
        first = static_cast<unsigned>(fd) + 1;
    }
    if (!close_to(~0U)) return errno_error("close descriptors");
    return {};
}

Result<void> replace_standard_fds() {
    const os::UniqueFd null = BOX_TRY(os::open_host("/dev/null", O_RDWR));
    for (int fd = 0; fd <= 2; fd++) {
        if (dup2(null.get(), fd) < 0) return errno_error("replace a standard descriptor");
    }
    return {};
}

Result<void> close_standard_fds() {
    if (close_range(0, 2, 0) < 0) return errno_error("close the standard descriptors");
    return {};
}

}  // namespace boxctl::launch
