// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting for what somebody else's process does. Times are microseconds; event::kNever: no limit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::shell {

/// Waits for the end of the process behind `pidfd`, which need not be a child; false after
/// `timeout`.
Result<bool> wait_for_end(os::BorrowedFd pidfd, uint64_t timeout);

/// Waits until `happened` says so; false after `timeout`. It is asked at once, and again whenever
/// the state of machine `name`, which need not exist yet, may have changed, or when the process
/// behind the pidfd `until`, if there is one, has ended: from then on it is not waited for.
Result<bool> wait_for_change(const std::string& name, uint64_t timeout,
                             const std::function<Result<bool>(os::UniqueFd& until)>& happened);

}  // namespace boxctl::shell
