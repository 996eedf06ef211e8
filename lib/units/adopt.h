// SPDX-License-Identifier: LGPL-2.1-or-later
// Adopt: has machinectl(1) drive boxctl for one machine.
//
// `machinectl start|enable NAME` know one unit only,
// systemd-nspawn@NAME.service. A drop-in beside it replaces what that executes
// with what boxctl@NAME.service does. Runs as root, writes one file below
// /etc/systemd/system and nothing else, and never changes a file that it did
// not make.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace boxctl::units {

constexpr const char* kUnitDirectory = "/etc/systemd/system";

/// The text of the drop-in.
std::string drop_in_text();

/// The path of the drop-in for machine `name`, which
/// settings::machine_name_fault() accepts, below `directory`.
std::string drop_in_path(const std::string& directory, const std::string& name);

/// Writes the drop-in; false if it is there as it should be. EEXIST when there
/// is a file of that name that adopt() did not make.
Result<bool> adopt(const std::string& directory, const std::string& name);

/// Removes the drop-in, and its directory if that is empty then; false if there
/// is none. EEXIST as above.
Result<bool> undo_adopt(const std::string& directory, const std::string& name);

/// Is there a directory at `path`, or what a link there leads to?
bool is_directory(const std::string& path);

/// Has the running systemd read its units anew; false where no systemd runs.
Result<bool> reload_units();

}  // namespace boxctl::units
