// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/witness.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/os/dismiss.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::shell {
namespace {

constexpr int kUnprotected = 1;  ///< exit status

/// The child. It has the host's privileges and nothing to use them with.
[[noreturn]] void watch(pid_t parent) {
    os::set_process_name("boxctl-witness");
    // Who signals all processes of a unit means the others.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    setsid();
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    // Or a box that is out of memory could look like one that is to be killed.
    if (!os::write_file("/proc/self/oom_score_adj", "-1000")) _exit(kUnprotected);
    close_range(0, ~0U, 0);
    for (;;)
        pause();
}

}  // namespace

Result<std::unique_ptr<Witness>> Witness::start(event::Loop& loop, os::BorrowedFd cgroup,
                                                Killed killed) {
    const pid_t parent = getpid();
    os::CloneRequest request;
    request.cgroup = cgroup;
    os::Cloned child = BOX_TRY(os::clone_process(request).context("start a witness"));
    if (child.pid == 0) watch(parent);
    return adopt(loop, std::move(child.pidfd), std::move(killed));
}

Result<std::unique_ptr<Witness>> Witness::adopt(event::Loop& loop, os::UniqueFd pidfd,
                                                Killed killed) {
    auto witness = std::unique_ptr<Witness>(new Witness(std::move(pidfd), std::move(killed)));
    const auto on_end = [&witness = *witness](os::ExitStatus status) { witness.on_end(status); };
    witness->source_ = BOX_TRY(loop.add_child(witness->pidfd_, on_end));
    return witness;
}

Witness::~Witness() {
    source_.reset();
    os::dismiss(std::move(pidfd_));
}

void Witness::on_end(os::ExitStatus status) {
    pidfd_.reset();  // reaped
    if (status.signal == SIGKILL) return killed_();
    log::debug(
            "'machinectl kill' may not end this box: without CAP_SYS_RESOURCE a kill cannot be "
            "told from a lack of memory");
}

}  // namespace boxctl::shell
