// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/cgroup/plan.h"
#include "lib/host/facts.h"
#include "lib/settings/settings.h"
#include "lib/shell/litter.h"

namespace boxctl::cmd {
namespace {

int clean_one(const std::string& name) {
    const auto cleaned = clean_up(name);
    if (!cleaned) return fail(cleaned.error());
    return *cleaned ? print("removed what machine " + quote(name) + " left\n") : 0;
}

}  // namespace

Result<bool> clean_up(const std::string& name) {
    const Machine machine = BOX_TRY(look_up(name));
    BOX_TRY(state::make_directories());
    if (!BOX_TRY(shell::remove_litter(name, host::probe_host().cgroup))) {
        return Error("machine " + quote(name) + " runs");
    }
    BOX_TRY(shell::remove_unheld_locks());
    return machine.life != Life::unknown;
}

int verb_cleanup(const Invocation& invocation) {
    if (!invocation.words.empty()) return clean_one(invocation.words.front());
    const auto names = shell::names_with_litter();
    if (!names) return fail(names.error());
    const host::CgroupFacts cgroup = host::probe_host().cgroup;
    int status = 0;
    for (const std::string& name : *names) {
        if (!settings::machine_name_fault(name).empty()) continue;
        const auto cleaned = shell::remove_litter(name, cgroup);
        // One machine that cannot be cleaned up does not keep the litter of the others.
        if (!cleaned) status = fail(cleaned.error());
        if (cleaned && *cleaned) {
            const int printed = print("removed what machine " + quote(name) + " left\n");
            if (printed != 0) status = printed;
        }
    }
    const auto locks = shell::remove_unheld_locks();
    return locks ? status : fail(locks.error());
}

}  // namespace boxctl::cmd
