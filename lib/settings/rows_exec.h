// SPDX-License-Identifier: LGPL-2.1-or-later
// What runs in the box, and who it is.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kExecRows[] = {
    {"Exec", "Boot", "boot", 'b', "", "", Verbs::nspawn, Trust::any, Group::execution,
     flag<&ExecSettings::boot>(), nullptr, "Boot the init of the tree", "yes", Together::start},
    {"Exec", "Parameters", "", 0, "", "arguments", Verbs::both, Trust::any, Group::execution,
     appends<&ExecSettings::arguments, to_argument, write_texts>(), nullptr, "Arguments of the init, or the command", "yes", Together::start, FileValue::words},
    {"X-Boxctl", "Init", "init", 0, "=PATH", "init", Verbs::boot, Trust::any, Group::execution,
     replaces<&ExecSettings::init, to_init_path, write_text>(), nullptr, "Boot this init instead of finding one"},
    {"Exec", "ProcessTwo", "as-pid2", 'a', "", "as_pid2", Verbs::run, Trust::any, Group::execution,
     flag<&ExecSettings::as_pid2>(), bool_words, "Run it below box-init, which is PID 1 and reaps", "yes", Together::start},
    {"Exec", "WorkingDirectory", "chdir", 0, "=PATH", "working_directory", Verbs::both, Trust::any, Group::execution,
     replaces<&ExecSettings::working_directory, to_working_directory, write_text>(), nullptr, "Start in this directory of the box"},
    {"Exec", "Environment", "setenv", 'E', "=NAME[=VALUE]", "environment", Verbs::both, Trust::any, Group::execution,
     appends<&ExecSettings::environment, to_environment, write_variables>(), nullptr, "Set a variable, or pass on the caller's", "yes", Together::alone, FileValue::words},
    {"Exec", "User", "user", 'u', "=USER", "user", Verbs::run, Trust::any, Group::execution,
     replaces<&ExecSettings::user, to_user, write_text>(), nullptr, "Become this user of the box, name or id"},
    {"", "", "uid", 0, "=USER", "", Verbs::run, Trust::any, Group::execution,
     replaces<&ExecSettings::user, to_user, write_text>(), nullptr, "The same as --user"},
    {"Exec", "KillSignal", "kill-signal", 0, "=SIGNAL", "kill_signal", Verbs::both, Trust::any, Group::life,
     replaces<&ExecSettings::kill_signal, to_signal, write_signal>(), signal_names, "Signal that asks it to stop (default: by init)"},
    {"X-Boxctl", "StopTimeout", "stop-timeout", 0, "=SEC|none", "stop_timeout", Verbs::both, Trust::any, Group::life,
     replaces<&ExecSettings::stop_timeout, to_stop_timeout, write_stop_timeout>(), nullptr, "How long a stop may take (default: 30)"},
    {"X-Boxctl", "Ready", "ready", 0, "=RULE", "ready", Verbs::both, Trust::admin, Group::life,
     replaces<&ExecSettings::ready, to_ready, write_ready>(), ready_words, "When it counts as ready, see man boxctl"},
    {"Exec", "NotifyReady", "notify-ready", 0, "=BOOL", "", Verbs::both, Trust::any, Group::life,
     replaces<&ExecSettings::ready, to_notify_ready, write_notify_ready>(), bool_words, "The same as --ready=notify or started"},
    {"X-Boxctl", "KeepUnit", "keep-unit", 0, "", "keep_unit", Verbs::both, Trust::admin, Group::life,
     flag<&ExecSettings::keep_unit>(), nullptr, "Stay in the caller's cgroup; a reboot exits 133"},
    {"X-Boxctl", "Register", "register", 0, "=BOOL|auto", "register", Verbs::both, Trust::admin, Group::life,
     replaces<&ExecSettings::registration, to_registration, write_registration>(), registration_words, "Tell systemd-machined of it (default: auto)"},
    {"", "", "machine", 'M', "=NAME", "machine", Verbs::both, Trust::admin, Group::identity,
     replaces<&ImageSettings::machine, to_machine_name, write_text>(), nullptr, "Name of the box (default: from the directory)"},
    {"Exec", "Hostname", "hostname", 0, "=NAME", "hostname", Verbs::both, Trust::any, Group::identity,
     replaces<&ExecSettings::hostname, to_hostname, write_text>(), nullptr, "Host name inside (default: name of the box)"},
    {"Exec", "MachineID", "uuid", 0, "=UUID", "uuid", Verbs::both, Trust::admin, Group::identity,
     replaces<&ExecSettings::uuid, to_uuid, write_text>(), nullptr, "Machine id, where the tree has none"},
    {"", "", "set-credential", 0, "=ID:TEXT", "set_credential", Verbs::both, Trust::admin, Group::execution,
     appends<&ExecSettings::credentials, to_set_credential, write_set_credentials>(), nullptr, "Hand the box a secret under that name"},
    {"", "", "load-credential", 0, "=ID:PATH", "load_credential", Verbs::both, Trust::admin, Group::execution,
     appends<&ExecSettings::credentials, to_load_credential, write_load_credentials>(), nullptr, "The same, from a file or a socket"},
    {"Exec", "LinkJournal", "link-journal", 0, "=MODE", "link_journal", Verbs::both, Trust::admin, Group::life,
     replaces<&ExecSettings::link_journal, to_link_journal, write_link_journal>(), link_journal_words, "Keep its journal on the host (default: no)"},
    {"", "", "", 'j', "", "", Verbs::both, Trust::admin, Group::life,
     replaces<&ExecSettings::link_journal, to_link_journal, write_link_journal>(), nullptr, "The same as --link-journal=try-guest", "try-guest"},
    {"Exec", "Personality", "personality", 0, "=ARCH", "personality", Verbs::both, Trust::any, Group::identity,
     replaces<&ExecSettings::personality, to_personality, write_personality>(), personality_words, "The machine that uname shows: x86 on x86-64"},
    {"X-Boxctl", "ClockOffset", "clock-offset", 0, "=BOOL", "clock_offset", Verbs::both, Trust::any, Group::identity,
     flag<&ExecSettings::clock_offset>(), bool_words, "Uptime counts from the start (default: yes)"},
    {"Exec", "PrivateUsers", "private-users", 0, "[=no|identity|pick|BASE[:COUNT]]", "private_users", Verbs::both, Trust::admin, Group::users,
     replaces<&ExecSettings::private_users, to_user_range, write_user_range>(), user_range_words, "Host ids of the box's users (default: pick)"},
    {"Files", "PrivateUsersOwnership", "private-users-ownership", 0, "=MODE", "private_users_ownership", Verbs::both, Trust::admin, Group::users,
     replaces<&ExecSettings::ownership, to_ownership, write_ownership>(), ownership_words, "Owners on disk: map (default), off"},
    {"", "", "", 'U', "", "", Verbs::both, Trust::admin, Group::users,
     replaces<&ExecSettings::private_users, to_user_range, write_user_range>(), nullptr, "The same as --private-users=pick", "pick"},
};
// clang-format on

}  // namespace boxctl::settings
