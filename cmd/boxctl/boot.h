// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/settings/settings.h"

namespace boxctl::cmd {

/// Reads the settings anew when a machine reboots: its files may have changed.
using ReadSettings = std::function<Result<settings::Settings>()>;

/// Starts the machine that valid settings describe in `root`, as host::open_root() gave it, and
/// stays with it to its end. Says what goes wrong itself; returns the exit status of the whole: the
/// payload's, or one of boxctl(1)'s own.
int boot_machine(const settings::Settings& settings, os::UniqueFd root, ReadSettings read_settings);

/// The same for a machine that another image of this program started and hands over.
int take_over_machine(os::UniqueFd handover, ReadSettings read_settings, settings::Front front);

}  // namespace boxctl::cmd
