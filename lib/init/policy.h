// SPDX-License-Identifier: LGPL-2.1-or-later
// What the files say about the end of a service, as functions of plain values.
#pragma once

#include <stdint.h>

#include "lib/init/service.h"

namespace boxctl::init {

/// Whether a life that ended with `status` (exit code or 128 + signal) ended well. A oneshot has to
/// exit with 0; another service may also die of the signals that ask for an end
/// (systemd.service(5), "SuccessExitStatus"), but not before it was ready.
bool ended_well(const Service& service, int status, bool was_up);

/// The pause before the next start, in milliseconds: RestartSec, doubled with each failure in a row
/// up to kMaxRestartDelay.
int64_t restart_delay(const Service& service, uint32_t failures);

}  // namespace boxctl::init
