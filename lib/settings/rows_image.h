// SPDX-License-Identifier: LGPL-2.1-or-later
// The tree that a box is made of.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kImageRows[] = {
    {"", "", "directory", 'D', "=DIR", "directory", Verbs::both, Trust::admin, Group::image,
     replaces<&ImageSettings::directory, to_text, write_text>(), nullptr, "Root directory of the box (as the word ROOT)"},
    {"", "", "template", 0, "=DIR", "template", Verbs::both, Trust::admin, Group::image,
     replaces<&ImageSettings::template_, to_text, write_text>(), nullptr, "Copy DIR first, if there is no root yet"},
    {"Files", "ReadOnly", "read-only", 0, "", "read_only", Verbs::both, Trust::any, Group::image,
     flag<&ImageSettings::read_only>(), nullptr, "Mount the root read-only"},
    {"Files", "Volatile", "volatile", 0, "[=MODE]", "volatile", Verbs::both, Trust::any, Group::image,
     replaces<&ImageSettings::volatile_, to_volatile, write_volatile>(), volatile_words, "Forget changes: yes, state or overlay"},
    {"Exec", "PivotRoot", "pivot-root", 0, "=NEW[:OLD]", "pivot_root", Verbs::both, Trust::any, Group::image,
     replaces<&ImageSettings::pivot_root, to_pivot_root, write_pivot_root>(), nullptr, "Make NEW of the tree /, and the tree OLD in it"},
    {"Exec", "Ephemeral", "ephemeral", 'x', "", "ephemeral", Verbs::both, Trust::admin, Group::image,
     flag<&ImageSettings::ephemeral>(), nullptr, "Run on a throw-away copy of the root"},
};
// clang-format on

}  // namespace boxctl::settings
