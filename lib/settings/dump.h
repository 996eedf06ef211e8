// SPDX-License-Identifier: LGPL-2.1-or-later
// Dump: Settings as text and as JSON, with where each value comes from.
#pragma once

#include <string>
#include <vector>

#include "lib/json/json.h"
#include "lib/settings/settings.h"

namespace boxctl::settings {

/// A line for each value, in the order of the table; what is empty by default is left out:
///
///     hostname       = web1   (--hostname=web1)
///     private-users  = pick   (default)
///
/// With Unset::shown those have a line, too: "hostname = -   (default)".
enum class Unset { hidden, shown };
std::string print_settings(const Settings& settings, Unset unset = Unset::hidden);

/// {"hostname": [{"value": "web1", "origin": "/etc/systemd/nspawn/web.nspawn:3"}], ...}; an empty
/// list where nothing is set.
json::Value origins_to_json(const Settings& settings);

/// "hostname = web1  # /etc/systemd/nspawn/web.nspawn:3" for each value that a file has set.
std::vector<std::string> describe_file_values(const Settings& settings);

/// {"mode": "boot", "hostname": "web1", "bind": ["/srv:/srv"], "read_only": true, ...}: values that
/// were set and those that are not empty by default.
json::Value settings_to_json(const Settings& settings);

}  // namespace boxctl::settings
