// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/host/facts.h"
#include "lib/plan/plan.h"
#include "lib/shell/enter.h"

namespace boxctl::shell {

/// What is executed for `request`, as `user`: arguments, places to look for it, environment.
plan::ProcessPlan plan_program(const EnterRequest& request, const host::UserEntry& user);

/// Whether one of the standard descriptors is or will be a terminal of the box. Looks at what was
/// given where it is by now: at descriptors 0 to 2.
bool has_terminal(const EnterRequest& request);

}  // namespace boxctl::shell
