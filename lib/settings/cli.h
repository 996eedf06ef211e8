// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of `boxctl boot` and `boxctl run` to Settings. Pure but for its arguments.
//
//     boxctl boot [OPTIONS] ROOT [OPTIONS] [-- INIT-ARGUMENTS...]
//     boxctl run  [OPTIONS] ROOT [OPTIONS] [--] [COMMAND...]
//
// ROOT may be given as --directory instead. With `run`, the first word behind ROOT that is no
// option starts the command, and everything behind it belongs to the command.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/settings.h"
#include "lib/settings/values.h"

namespace boxctl::settings {

struct CommandLine {
    enum class Wish {
        start,    ///< `settings` says what
        help,     ///< --help or -h
        version,  ///< --version
        list,     ///< --OPTION=help: print `choices`, one a line
    };
    Wish wish = Wish::start;
    Settings settings;
    std::vector<std::string> choices;
};

/// `words` are those behind the verb. The first fault in them is the error; contradictions between
/// them are validate()'s.
Result<CommandLine> parse_command_line(Mode mode, std::span<const std::string> words,
                                       const Caller& caller);

}  // namespace boxctl::settings
