// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/template.h"

#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/plan/plan.h"
#include "lib/state/record.h"
#include "lib/tree/from_template.h"

namespace boxctl::cmd {
namespace {

/// Nobody writes to the tree while it is copied: what came out would be neither before nor after.
Result<os::LockFile> lock_template(os::BorrowedFd tree) {
    BOX_TRY(state::make_directories());
    const struct stat status = BOX_TRY(os::status_of(tree));
    auto lock = os::LockFile::acquire(plan::root_lock_path(status.st_dev, status.st_ino),
                                      os::LockKind::shared);
    if (lock || lock.error().code() != EWOULDBLOCK) return lock;
    Error error("it is in use by a box that writes to it");
    error.set_hint("stop that box first");
    return error;
}

Result<void> make_root(const os::UniqueFd& from, const std::string& target) {
    // The one above is only made where systemd keeps its machines: a mistyped path is an error.
    if (os::split_path(target).first == host::kMachines) {
        BOX_TRY(os::make_host_directories(host::kMachines, 0700));
    }
    os::LockFile lock = BOX_TRY(lock_template(from).context("template"));
    auto made = tree::make_from_template(from, target);
    lock.remove();
    return made;
}

}  // namespace

Result<os::UniqueFd> open_or_make_root(const settings::Settings& wanted,
                                       const std::string& directory,
                                       const settings::Caller& caller) {
    const std::string& from = wanted.image.template_.value;
    if (from.empty() || host::exists(directory)) return host::open_root(directory);
    const std::string target = os::normalize_path(
            os::is_absolute(directory) ? directory : caller.directory + "/" + directory);
    auto opened = host::open_root(from);
    if (!opened) return std::move(opened).context("template").error();
    if (wanted.tool.dry_run.value) {
        log::notice(quote(target) + " would be made first; this is the plan of its template");
        return opened;
    }
    if (geteuid() != 0) {
        Error error("boxctl has to be started as root");
        error.set_hint("try: sudo boxctl …");
        return error;
    }
    BOX_TRY(make_root(*opened, target));
    return host::open_root(directory);
}

}  // namespace boxctl::cmd
