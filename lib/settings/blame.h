// SPDX-License-Identifier: LGPL-2.1-or-later
// Blame: the settings that an error message speaks of. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/settings/settings.h"

namespace boxctl::settings {

/// "--bind=/srv:/srv (web.nspawn:7)" for each value that was set and is named in `message`, by the
/// option ("--bind") or by its place in a file ("web.nspawn:7"). Of an option with several values
/// only those that `target`, a path in the box, is part of, if there are any. Values of credentials
/// are never told.
std::vector<std::string> blamed_settings(const Settings& settings, std::string_view message,
                                         std::string_view target);

}  // namespace boxctl::settings
