// SPDX-License-Identifier: LGPL-2.1-or-later
// PID 1 without a command of its own: the infra container of a pod, whose namespaces others join.
#pragma once

#include "lib/init/options.h"

namespace boxctl::init {

/// Reaps until a signal asks for a stop (SIGTERM, SIGINT, SIGHUP, SIGQUIT and those of signals.h,
/// in every personality) and returns the exit status, 0. Signals must have been taken.
int pause_until_stopped(const Options& options);

}  // namespace boxctl::init
