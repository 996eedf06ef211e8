// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace boxctl::cmd {

/// Writes `text` to standard output. Returns the exit status: 0, or kOwnError with a line on
/// standard error if not all of it could be written.
int print(std::string_view text);

/// Whether that is a terminal.
bool to_terminal();

/// "boxctl 0.1.0\n".
std::string version_text();

}  // namespace boxctl::cmd
