// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of `boxctl boot` and `boxctl run` to Settings. Pure but for its arguments.
//
//     boxctl boot [OPTIONS] ROOT [OPTIONS] [-- INIT-ARGUMENTS...]
//     boxctl run  [OPTIONS] ROOT [OPTIONS] [--] [COMMAND...]
//
//     systemd-nspawn [OPTIONS] [COMMAND... | INIT-ARGUMENTS...]
//
// ROOT may be given as --directory instead. With `run`, the first word behind ROOT that is no
// option starts the command, and everything behind it belongs to the command.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/file.h"
#include "lib/settings/settings.h"
#include "lib/settings/values.h"

namespace boxctl::settings {

struct CommandLine {
    enum class Wish {
        start,    ///< `settings` says what
        help,     ///< --help or -h
        version,  ///< --version
        cleanup,  ///< as systemd-nspawn: remove what a killed one left of the machine
        list,     ///< --OPTION=help: print `choices`, one a line
    };
    Wish wish = Wish::start;
    Settings settings;
    std::vector<Statement> statements;  ///< what `settings` was made of, for layers.h
    std::vector<std::string> choices;
};

/// The command line of systemd-nspawn(1), with its defaults: the first word that is no option
/// starts the command, or with --boot the arguments of the init.
Result<CommandLine> parse_nspawn_line(std::span<const std::string> words, const Caller& caller);

/// `words` are those behind the verb. The first fault in them is the error; contradictions between
/// them are validate()'s.
Result<CommandLine> parse_command_line(Mode mode, std::span<const std::string> words,
                                       const Caller& caller);

}  // namespace boxctl::settings
