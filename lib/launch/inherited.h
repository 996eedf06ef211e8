// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/base/result.h"
#include "lib/plan/plan.h"

namespace boxctl::launch {

/// Sets for the calling process what a child inherits and only the host's privileges may set: the
/// OOM score, the processors and the personality. Run by the builder, before it clones the payload.
Result<void> set_inherited(const plan::ProcessPlan& process);

}  // namespace boxctl::launch
