// SPDX-License-Identifier: LGPL-2.1-or-later
// What is executed in the box, as whom, where, and with which environment. Private to the planner.
#pragma once

#include "lib/plan/plan.h"

namespace boxctl::plan {

/// `plan` holds what was decided before: name, uuid, console.
Result<ProcessPlan> plan_process(const settings::Settings& wanted, const host::HostFacts& have,
                                 const host::RootFacts& root, const Plan& plan);

}  // namespace boxctl::plan
