// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/settings/settings.h"

namespace boxctl::cmd {

/// Starts the machine that valid settings describe and stays with it to its end. Says what goes
/// wrong itself; returns the exit status of the whole: the payload's, or one of boxctl(1)'s own.
int boot_machine(const settings::Settings& settings);

}  // namespace boxctl::cmd
