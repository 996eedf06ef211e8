// SPDX-License-Identifier: LGPL-2.1-or-later
// Jobs: what stop and kill do with --job=N.
#pragma once

#include <cstdint>
#include <optional>

#include "cmd/boxctl/verbs.h"
#include "lib/base/result.h"
#include "lib/state/record.h"

namespace boxctl::cmd {

/// The number that --job= names, if it was given.
Result<std::optional<uint32_t>> read_job(const Invocation& invocation);

/// Waits for the end of what is killed.
Result<void> signal_job(const state::Record& record, uint32_t job, int signal);

/// SIGTERM, and SIGKILL after `timeout` µs. Without `wait` only the first of these.
Result<void> stop_job(const state::Record& record, uint32_t job, uint64_t timeout, bool wait);

}  // namespace boxctl::cmd
