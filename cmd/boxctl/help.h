// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "cmd/boxctl/verbs.h"

namespace boxctl::cmd {

/// One screen: every verb with its line.
std::string overall_help();

/// All about one verb: how to write it and its options, grouped.
std::string verb_help_text(const Verb& verb);

}  // namespace boxctl::cmd
