// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/attempt.h"

#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/rootfs/mount_op.h"
#include "lib/settings/blame.h"
#include "lib/state/failure.h"
#include "lib/state/record.h"

namespace boxctl::cmd {
namespace {

/// The one of the plan, or the one it would have got.
std::string name_of(const Attempt& attempt) {
    if (attempt.plan) return attempt.plan->name;
    const settings::ImageSettings& image = attempt.wanted.image;
    if (!image.machine.value.empty()) return image.machine.value;
    return settings::name_of_directory("/" + image.directory.value);
}

const rootfs::MountOp* mount_of(const Attempt& attempt, const Error& error) {
    if (!attempt.plan || error.mount() == 0) return nullptr;
    const auto& ops = attempt.plan->mounts.ops;
    return error.mount() <= ops.size() ? &ops[error.mount() - 1] : nullptr;
}

state::Failure describe(const Attempt& attempt, const Error& error) {
    state::Failure failure;
    failure.name = name_of(attempt);
    failure.time = static_cast<uint64_t>(time(nullptr));
    failure.phase = attempt.phase;
    failure.act = error.act();
    failure.code = error.code();
    failure.hint = error.hint();
    failure.message = error.message();
    const rootfs::MountOp* op = mount_of(attempt, error);
    if (op != nullptr) {
        failure.step = format("mount %u of %zu: ", error.mount(), attempt.plan->mounts.ops.size()) +
                       rootfs::describe(*op);
    }
    failure.settings = settings::blamed_settings(attempt.wanted, error.message(),
                                                 op == nullptr ? "" : op->target);
    return failure;
}

}  // namespace

void keep_failure(const Attempt& attempt, const Error& error) {
    const std::string name = name_of(attempt);
    if (geteuid() != 0 || attempt.wanted.tool.dry_run.value) return;
    if (!settings::machine_name_fault(name).empty() || state::is_running(name)) return;
    const auto kept = state::write_failure(describe(attempt, error));
    if (!kept) log::debug(kept.error().message() + ", ignoring");
}

void forget_failure(const std::string& name) {
    const auto forgotten = state::forget_failure(name);
    if (!forgotten) log::debug(forgotten.error().message() + ", ignoring");
}

}  // namespace boxctl::cmd
