// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"

namespace boxctl::cmd {

int verb_reboot(const Invocation& invocation) {
    const auto record = find_running(invocation.words.front());
    if (!record) return fail(record.error());
    const auto asked = ask_to_reboot(*record);
    return asked ? 0 : fail(asked.error());
}

}  // namespace boxctl::cmd
