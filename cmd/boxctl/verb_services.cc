// SPDX-License-Identifier: LGPL-2.1-or-later
// services: box-init ctl, run in a box whose PID 1 is box-init. What it says comes from inside and
// passes like all output of a box; its exit status is ours.
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/rootfs/plan.h"

namespace boxctl::cmd {
namespace {

Result<int> run_services(const Invocation& invocation) {
    const std::string& name = invocation.words.front();
    const state::Record record = BOX_TRY(find_running(name));
    if (record.init_kind != host::to_string(host::InitKind::box_init)) {
        Error error("machine " + quote(name) + " has no services of box-init: its init is " +
                    printable(record.init_kind));
        error.set_hint("'boxctl shell' runs its own tools");
        return error;
    }
    Invocation inside = {
            .verb = invocation.verb, .words = {name}, .command = {}, .raw = {}, .options = {}};
    inside.command = {rootfs::kBoxInit, "ctl"};
    inside.command.insert(inside.command.end(), invocation.words.begin() + 1,
                          invocation.words.end());
    if (invocation.words.size() == 1) inside.command.emplace_back("status");
    if (invocation.has("json")) inside.command.emplace_back("--json");
    return verb_shell(inside);
}

}  // namespace

int verb_services(const Invocation& invocation) {
    const auto status = run_services(invocation);
    return status ? *status : fail(status.error());
}

}  // namespace boxctl::cmd
