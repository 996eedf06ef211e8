// SPDX-License-Identifier: LGPL-2.1-or-later
// The payload: from its birth as process 1 of the box to execve(2). It owns the box's namespaces
// and has no rights on the host. It holds nothing of the host but its link, and that closes.
#pragma once

#include "lib/launch/exec_image.h"
#include "lib/launch/protocol.h"
#include "lib/plan/plan.h"

namespace boxctl::launch {

struct PayloadInput {
    const plan::Plan* plan = nullptr;
    const ExecImage* image = nullptr;
    const Link* to_parent = nullptr;
};

/// Returns only by executing the box's program; otherwise reports and exits.
[[noreturn]] void payload_main(const PayloadInput& input);

}  // namespace boxctl::launch
