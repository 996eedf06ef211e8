// SPDX-License-Identifier: LGPL-2.1-or-later
// The builder: runs between the parent's clone and its own end, with the host's privileges, in a
// mount namespace of its own. Nothing of the box runs while it lives.
#pragma once

#include <cstdint>

#include "lib/launch/exec_image.h"
#include "lib/launch/protocol.h"
#include "lib/os/fd.h"
#include "lib/plan/plan.h"

namespace boxctl::launch {

struct BuilderInput {
    const plan::Plan* plan = nullptr;
    const ExecImage* image = nullptr;
    os::BorrowedFd tree{-1};  ///< detached copy of the root directory's mounts
    const Link* to_parent = nullptr;
    const Link* to_payload = nullptr;  ///< the parent's end of the payload's link
    Link* from_payload = nullptr;      ///< the payload's end; only the payload keeps it
};

/// Never returns.
[[noreturn]] void builder_main(const BuilderInput& input);

}  // namespace boxctl::launch
