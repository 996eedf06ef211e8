// SPDX-License-Identifier: LGPL-2.1-or-later
// The two processes on their way into the box (see enter.h). Private to lib/shell.
#pragma once

#include "lib/launch/protocol.h"
#include "lib/shell/enter.h"
#include "lib/shell/target.h"

namespace boxctl::shell {

struct JoinerInput {
    const Target* target = nullptr;
    const EnterRequest* request = nullptr;
    const launch::Link* to_caller = nullptr;
    bool caller_waits = false;  ///< until the program is executed
};

/// Joins the box, starts the program and exits.
[[noreturn]] void joiner_main(const JoinerInput& input);

}  // namespace boxctl::shell
