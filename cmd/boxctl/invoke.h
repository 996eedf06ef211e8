// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string>

#include "cmd/boxctl/verbs.h"
#include "lib/base/result.h"

namespace boxctl::cmd {

/// Reads the words behind a verb by its row: options anywhere before a command, "--help" and "-h"
/// in any of those places. Words of boot and run are left unread.
Result<Invocation> read_invocation(const Verb& verb, std::span<const std::string> words);

/// That the user asked for the verb's help; read_invocation() reports it as this option.
constexpr std::string_view kHelpOption = "help";

}  // namespace boxctl::cmd
