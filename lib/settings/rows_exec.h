// SPDX-License-Identifier: LGPL-2.1-or-later
// What runs in the box, and who it is.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kExecRows[] = {
    {"X-Boxctl", "Init", "init", 0, "=PATH", "init", Verbs::boot, Trust::any, Group::execution,
     replaces<&ExecSettings::init, to_init_path, write_text>(), nullptr, "Boot this init instead of finding one"},
    {"Exec", "ProcessTwo", "as-pid2", 'a', "", "as_pid2", Verbs::run, Trust::any, Group::execution,
     flag<&ExecSettings::as_pid2>(), bool_words, "Run it below box-init, which is PID 1 and reaps"},
    {"Exec", "WorkingDirectory", "chdir", 0, "=PATH", "working_directory", Verbs::both, Trust::any, Group::execution,
     replaces<&ExecSettings::working_directory, to_working_directory, write_text>(), nullptr, "Start in this directory of the box"},
    {"Exec", "Environment", "setenv", 'E', "=NAME[=VALUE]", "environment", Verbs::both, Trust::any, Group::execution,
     appends<&ExecSettings::environment, to_environment, write_variables>(), nullptr, "Set a variable, or pass on the caller's"},
    {"Exec", "User", "user", 'u', "=USER", "user", Verbs::run, Trust::any, Group::execution,
     replaces<&ExecSettings::user, to_user, write_text>(), nullptr, "Become this user of the box, name or id"},
    {"", "", "uid", 0, "=USER", "", Verbs::run, Trust::any, Group::execution,
     replaces<&ExecSettings::user, to_user, write_text>(), nullptr, "The same as --user"},
    {"Exec", "KillSignal", "kill-signal", 0, "=SIGNAL", "kill_signal", Verbs::both, Trust::any, Group::execution,
     replaces<&ExecSettings::kill_signal, to_signal, write_signal>(), signal_names, "What powers the init off (default: by its kind)"},
    {"X-Boxctl", "StopTimeout", "stop-timeout", 0, "=SECONDS|none", "stop_timeout", Verbs::both, Trust::any, Group::execution,
     replaces<&ExecSettings::stop_timeout, to_stop_timeout, write_stop_timeout>(), nullptr, "How long the init may take to stop (default: 30)"},
    {"", "", "keep-unit", 0, "", "keep_unit", Verbs::both, Trust::admin, Group::execution,
     flag<&ExecSettings::keep_unit>(), nullptr, "Stay in the caller's cgroup; a reboot exits 133"},
    {"", "", "machine", 'M', "=NAME", "machine", Verbs::both, Trust::admin, Group::identity,
     replaces<&ImageSettings::machine, to_machine_name, write_text>(), nullptr, "Name of the box (default: from the directory)"},
    {"Exec", "Hostname", "hostname", 0, "=NAME", "hostname", Verbs::both, Trust::any, Group::identity,
     replaces<&ExecSettings::hostname, to_hostname, write_text>(), nullptr, "Host name inside (default: name of the box)"},
    {"Exec", "MachineID", "uuid", 0, "=UUID", "uuid", Verbs::both, Trust::admin, Group::identity,
     replaces<&ExecSettings::uuid, to_uuid, write_text>(), nullptr, "Machine id, where the tree has none"},
    {"X-Boxctl", "ClockOffset", "clock-offset", 0, "=BOOL", "clock_offset", Verbs::both, Trust::any, Group::identity,
     flag<&ExecSettings::clock_offset>(), bool_words, "Uptime counts from the start (default: yes)"},
    {"Exec", "PrivateUsers", "private-users", 0, "[=no|identity|pick|BASE[:COUNT]]", "private_users", Verbs::both, Trust::admin, Group::users,
     replaces<&ExecSettings::private_users, to_user_range, write_user_range>(), user_range_words, "Host ids of the box's users (default: pick)"},
    {"", "", "", 'U', "", "", Verbs::both, Trust::admin, Group::users,
     replaces<&ExecSettings::private_users, to_user_range, write_user_range>(), nullptr, "The same as --private-users=pick", "pick"},
};
// clang-format on

}  // namespace boxctl::settings
