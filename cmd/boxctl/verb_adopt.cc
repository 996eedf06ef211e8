// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/settings/settings.h"
#include "lib/units/adopt.h"

namespace boxctl::cmd {
namespace {

constexpr const char* kMachines = "/var/lib/machines/";

Error explained(Error error) {
    if (error.code() == EACCES) error.set_hint("boxctl has to be started as root");
    return error;
}

Result<void> check_machine(const std::string& name) {
    if (units::is_directory(kMachines + name)) return {};
    Error error("there is no directory " + quote(kMachines + name));
    error.set_hint("machinectl starts what is there");
    return error;
}

/// True when something has changed.
Result<bool> change(const std::string& name, bool undo) {
    const std::string fault = settings::machine_name_fault(name);
    if (!fault.empty()) return Error(quote(name) + " is no machine name: " + fault);
    if (undo) return units::undo_adopt(units::kUnitDirectory, name);
    BOX_TRY(check_machine(name));
    return units::adopt(units::kUnitDirectory, name);
}

}  // namespace

int verb_adopt(const Invocation& invocation) {
    const std::string& name = invocation.words.front();
    const bool undo = invocation.has("undo");
    const auto changed = change(name, undo);
    if (!changed) return fail(explained(changed.error()));
    // Also when nothing has changed: the reload may be what failed the last time.
    const auto reloaded = units::reload_units();
    if (!reloaded) {
        log::error(reloaded.error().message());
        log::error("run 'systemctl daemon-reload'");
        return kOwnError;
    }
    if (undo && !*changed) return print("machine " + quote(name) + " was not adopted\n");
    return print("'machinectl start " + name + "' starts it with " +
                 (undo ? "systemd-nspawn again\n" : "boxctl from now on\n"));
}

}  // namespace boxctl::cmd
