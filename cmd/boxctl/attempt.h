// SPDX-License-Identifier: LGPL-2.1-or-later
// Attempt: what a start was at when it failed, kept for `boxctl explain`.
#pragma once

#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/plan/plan.h"
#include "lib/settings/settings.h"

namespace boxctl::cmd {

struct Attempt {
    explicit Attempt(const settings::Settings& settings) : wanted(settings) {}

    const settings::Settings& wanted;
    const char* phase = "looking at the tree and the host";
    std::optional<plan::Plan> plan;  ///< once there is one
};

/// Keeps the reason of a failed start where root may and the machine has a name; a start of a name
/// that runs already is no failure of that machine. Nobody waits for this, so that it cannot be
/// kept is only a line of debugging.
void keep_failure(const Attempt& attempt, const Error& error);

/// The machine was started: what was kept is over.
void forget_failure(const std::string& name);

}  // namespace boxctl::cmd
