// SPDX-License-Identifier: LGPL-2.1-or-later
// Files: where the settings of a machine are looked for. Reads, writes nothing.
//
//     /etc/systemd/nspawn/NAME.nspawn, /run/systemd/nspawn/NAME.nspawn   the first one found, or
//     NAME.nspawn beside the root directory                             it came with the image
//     /etc/boxctl/NAME.box, /run/boxctl.d/NAME.box                       the first one found
//     /etc/boxctl/NAME.box.d/*.box, /run/boxctl.d/NAME.box.d/*.box       by name, /etc before /run
//
// They are read in this order; what a later one says counts. All have the same syntax and keys;
// .box files are for what systemd-nspawn, which reads the others too, has no word for.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/file.h"
#include "lib/settings/settings.h"

namespace boxctl::settings {

struct SearchPath {
    std::vector<std::string> nspawn = {"/etc/systemd/nspawn", "/run/systemd/nspawn"};
    std::vector<std::string> box = {"/etc/boxctl", "/run/boxctl.d"};
};

/// The files for the machine `name`, whose root is `root` (absolute, without links; empty: not
/// known, and nothing is looked for beside it). Errors: one is there and cannot be read.
Result<std::vector<FileText>> find_files(const SearchPath& where, const std::string& name,
                                         const std::string& root, FileUse use);

/// Where NAME.nspawn or NAME.box would be written: in the first directory of its kind.
std::string path_to_write(const SearchPath& where, const std::string& name, bool box);

}  // namespace boxctl::settings
