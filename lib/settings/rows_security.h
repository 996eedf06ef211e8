// SPDX-License-Identifier: LGPL-2.1-or-later
// What the box may do, and how much of it.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kSecurityRows[] = {
    {"Exec", "Capability", "capability", 0, "=CAP,...", "capability", Verbs::both, Trust::admin, Group::security,
     appends<&SecuritySettings::add_capabilities, to_capabilities, write_capabilities>(), capability_words, "Keep these capabilities too, or all", "yes", Together::capabilities, FileValue::words},
    {"Exec", "DropCapability", "drop-capability", 0, "=CAP,...", "drop_capability", Verbs::both, Trust::any, Group::security,
     appends<&SecuritySettings::drop_capabilities, to_capabilities, write_capabilities>(), capability_words, "Take these capabilities away, or all", "yes", Together::capabilities, FileValue::words},
    {"Exec", "AmbientCapability", "ambient-capability", 0, "=CAP", "ambient_capability", Verbs::run, Trust::admin, Group::security,
     appends<&SecuritySettings::ambient_capabilities, to_capabilities, write_capabilities>(), capability_words, "Give these to a command that is not root", "yes", Together::capabilities, FileValue::words},
    {"Exec", "SystemCallFilter", "system-call-filter", 0, "=[~]CALL", "system_call_filter", Verbs::both, Trust::denying, Group::security,
     appends<&SecuritySettings::calls, to_call_wishes, write_call_wishes>(), call_words, "Allow these system calls and @groups, ~ denies"},
    {"Exec", "RestrictAddressFamilies", "restrict-address-families", 0, "=[~]FAMILY", "restrict_address_families", Verbs::both, Trust::any, Group::security,
     appends<&SecuritySettings::families, to_families, write_families>(), family_words, "Only sockets of these families, ~ all but these"},
    {"Exec", "SuppressSync", "suppress-sync", 0, "=BOOL", "suppress_sync", Verbs::both, Trust::any, Group::security,
     flag<&SecuritySettings::suppress_sync>(), bool_words, "Let sync and its kin do nothing, for tests"},
    {"Exec", "NoNewPrivileges", "no-new-privileges", 0, "=BOOL", "no_new_privileges", Verbs::both, Trust::any, Group::security,
     flag<&SecuritySettings::no_new_privileges>(), bool_words, "Make set-user-id programs powerless in the box"},
    {"X-Boxctl", "Share", "share", 0, "=NAMESPACE[,...]", "share", Verbs::both, Trust::admin, Group::security,
     appends<&SecuritySettings::share, to_share, write_share>(), share_words, "Share ipc, uts, cgroup or time with the host"},
    {"Exec", "Limit*", "rlimit", 0, "=NAME=SOFT[:HARD]", "rlimit", Verbs::both, Trust::admin, Group::resources,
     joins<&SecuritySettings::rlimits, to_rlimit, write_rlimits>(), rlimit_words, "Set a resource limit of PID 1"},
    {"Exec", "OOMScoreAdjust", "oom-score-adjust", 0, "=N", "oom_score_adjust", Verbs::both, Trust::admin, Group::resources,
     replaces<&ExecSettings::oom_score_adjust, to_oom_score_adjust, write_oom_score_adjust>(), nullptr, "Kill it sooner or later, from -1000 to 1000"},
    {"Exec", "CPUAffinity", "cpu-affinity", 0, "=LIST", "cpu_affinity", Verbs::both, Trust::admin, Group::resources,
     appends<&ExecSettings::cpu_affinity, to_cpu_affinity, write_cpu_affinity>(), nullptr, "Run on these processors only, 0-3,5"},
    {"X-Boxctl", "Property", "property", 0, "=NAME=VALUE", "property", Verbs::both, Trust::admin, Group::resources,
     joins<&ResourceSettings::properties, to_property, write_properties>(), property_words, "Limit the box as a whole: MemoryMax=512M"},
    {"X-Boxctl", "Slice", "slice", 'S', "=SLICE", "slice", Verbs::both, Trust::admin, Group::resources,
     replaces<&ResourceSettings::slice, to_slice, write_text>(), nullptr, "Slice of systemd for the box (default: machine)"},
};
// clang-format on

}  // namespace boxctl::settings
