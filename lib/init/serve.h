// SPDX-License-Identifier: LGPL-2.1-or-later
// box-init --services and box-init ctl: the two commands of the supervisor.
#pragma once

namespace boxctl::init {

struct Options;

/// Reads the services of options.services and stays with them; the exit status of the box. With
/// options.check it only reads them: 0, or 125 after a line that says what is wrong.
int serve(const Options& options);

/// box-init ctl WORD...: asks the supervisor of this box. 0; 1 for what it refused; 125 when there
/// is none.
int control(char* const* words);

}  // namespace boxctl::init
