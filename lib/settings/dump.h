// SPDX-License-Identifier: LGPL-2.1-or-later
// Dump: Settings as text and as JSON, with where each value comes from.
#pragma once

#include <string>

#include "lib/json/json.h"
#include "lib/settings/settings.h"

namespace boxctl::settings {

/// A line for each value, in the order of the table; what is empty by default is left out:
///
///     hostname       = web1   (--hostname=web1)
///     private-users  = pick   (default)
std::string print_settings(const Settings& settings);

/// {"mode": "boot", "hostname": "web1", "bind": ["/srv:/srv"], "read_only": true, ...}: values that
/// were set and those that are not empty by default.
json::Value settings_to_json(const Settings& settings);

}  // namespace boxctl::settings
