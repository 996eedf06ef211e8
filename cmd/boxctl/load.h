// SPDX-License-Identifier: LGPL-2.1-or-later
// Load: the settings of a start, from the command line and the files of the machine it names.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/settings/cli.h"
#include "lib/settings/file.h"

namespace boxctl::cmd {

struct LoadedSettings {
    settings::Settings settings;
    os::UniqueFd root;  ///< as host::open_root() gave it; load_for_show() needs none
    std::vector<std::string> warnings;
};

/// Opens the root that `line` names and reads the files of its machine (lib/settings/files.h). The
/// result may hold contradictions: validate() it.
///
/// A root that is one word and no directory here is the name of a machine of /var/lib/machines and
/// its kin. Without a root, --machine names it; to systemd-nspawn without either, it is here.
Result<LoadedSettings> load_settings(const settings::CommandLine& line,
                                     const settings::Caller& caller);

/// The same for looking at them: a root that does not exist, or none, is only a name.
Result<LoadedSettings> load_for_show(const settings::CommandLine& line,
                                     const settings::Caller& caller);

/// The files of a machine: a name, or a directory.
Result<std::vector<settings::FileText>> files_of(const std::string& machine);

}  // namespace boxctl::cmd
