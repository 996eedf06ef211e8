// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/process.h"

namespace boxctl::os {

/// Runs a program of the host, looked for in $PATH, with our standard descriptors, and waits until
/// it has ended. `command` is its argv. For what a user asked to have run: an editor, a pager.
Result<ExitStatus> run_program(const std::vector<std::string>& command);

}  // namespace boxctl::os
