// SPDX-License-Identifier: LGPL-2.1-or-later
// The console, and how boxctl itself behaves.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kConsoleRows[] = {
    {"X-Boxctl", "Console", "console", 0, "=MODE", "console", Verbs::both, Trust::admin, Group::console,
     replaces<&ConsoleSettings::console, to_console, write_console>(), console_words, "Use of the caller's terminal (default: auto)"},
    {"", "", "pipe", 'P', "", "", Verbs::both, Trust::admin, Group::console,
     replaces<&ConsoleSettings::console, to_console, write_console>(), nullptr, "Use standard input and output as they are", "pipe"},
    {"", "", "quiet", 'q', "", "quiet", Verbs::both, Trust::admin, Group::console,
     flag<&ConsoleSettings::quiet>(), nullptr, "Say nothing but errors"},
    {"", "", "settings", 0, "=MODE", "settings", Verbs::both, Trust::admin, Group::tool,
     replaces<&ToolSettings::settings, to_file_use, write_file_use>(), file_use_words, "How settings files count (default: yes)"},
    {"", "", "dry-run", 0, "", "dry_run", Verbs::both, Trust::admin, Group::tool,
     flag<&ToolSettings::dry_run>(), nullptr, "Print what would be done and stop"},
    {"", "", "json", 0, "", "json", Verbs::both, Trust::admin, Group::tool,
     flag<&ToolSettings::json>(), nullptr, "Print it as JSON"},
    {"", "", "log-level", 0, "=LEVEL", "log_level", Verbs::both, Trust::admin, Group::tool,
     replaces<&ToolSettings::log_level, to_log_level, write_text>(), log_levels, "How much to tell (default: notice)"},
};
// clang-format on

}  // namespace boxctl::settings
