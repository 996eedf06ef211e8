// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/dismiss.h"

#include <poll.h>
#include <signal.h>

#include "lib/os/process.h"

namespace boxctl::os {
namespace {

constexpr int kPatience = 200;  // ms; what can be ended ends in less, but on a machine that is busy

std::vector<UniqueFd>& stuck() {
    static std::vector<UniqueFd> children;
    return children;
}

bool is_reaped(const UniqueFd& child) {
    const auto status = poll_exit(child);
    return status || status.error().code() != EAGAIN;
}

}  // namespace

void dismiss(UniqueFd pidfd) {
    if (!pidfd.valid()) return;
    // It has ended when this fails.
    (void)send_signal(pidfd, SIGKILL).has_value();
    pollfd end = {pidfd.get(), POLLIN, 0};
    (void)poll(&end, 1, kPatience);
    if (!is_reaped(pidfd)) adopt_dismissed(std::move(pidfd));
}

bool reap_dismissed() {
    std::erase_if(stuck(), is_reaped);
    return !stuck().empty();
}

std::vector<BorrowedFd> dismissed() {
    return {stuck().begin(), stuck().end()};
}

void adopt_dismissed(UniqueFd pidfd) {
    stuck().push_back(std::move(pidfd));
}

}  // namespace boxctl::os
