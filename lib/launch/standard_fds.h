// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/base/result.h"

namespace boxctl::launch {

/// Whether a standard descriptor (0…2), or one that we were passed, may be handed on to a box as it
/// is. Not a terminal, as
/// input could be pushed into it (TIOCSTI, E1); not a directory or an O_PATH descriptor, as both
/// lead on to other files of the host (A2). The error says which, in words for the user.
Result<void> check_handed_on(int fd);

}  // namespace boxctl::launch
