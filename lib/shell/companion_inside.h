// SPDX-License-Identifier: LGPL-2.1-or-later
// The companion on its way into the box. Private to lib/shell.
#pragma once

#include "lib/launch/protocol.h"
#include "lib/os/fd.h"
#include "lib/shell/target.h"
#include "lib/state/record.h"

namespace boxctl::shell {

struct CompanionInput {
    const Target* target = nullptr;
    const state::Record* box = nullptr;
    const launch::Link* to_caller = nullptr;
    os::BorrowedFd listener{-1};  ///< a socket without a name
    os::BorrowedFd channel{-1};   ///< where the companion writes to
    os::BorrowedFd program{-1};   ///< box-init (O_PATH)
};

/// Joins the box, gives the socket its name, starts the companion and exits.
[[noreturn]] void companion_main(const CompanionInput& input);

}  // namespace boxctl::shell
