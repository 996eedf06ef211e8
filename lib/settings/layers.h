// SPDX-License-Identifier: LGPL-2.1-or-later
// Layers: what files say and what the command line says, put together in systemd-nspawn's order.
// Pure.
#pragma once

#include <span>

#include "lib/base/result.h"
#include "lib/settings/cli.h"
#include "lib/settings/file.h"
#include "lib/settings/settings.h"

namespace boxctl::settings {

/// Takes out of `files` what is not for the verb, and says so: rows that only the other verb has.
/// As the verb says what is started, Boot= is not asked; but arguments for an init are none for a
/// command, and the other way round.
///
/// systemd-nspawn starts what the files say, but knows Parameters= only beside Boot= or
/// ProcessTwo=.
std::vector<std::string> drop_foreign(std::vector<Statement>& files, const Settings& line);

/// The settings of a start. The command line wins, row by row and group by group (Together), but
/// with --settings=override the files do. `files` are in the order in which they were read.
/// The first value that cannot be taken is the error.
Result<Settings> combine(const CommandLine& line, std::span<const Statement> files,
                         const Caller& caller);

}  // namespace boxctl::settings
