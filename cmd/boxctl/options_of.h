// SPDX-License-Identifier: LGPL-2.1-or-later
// The options of a verb as texts, whichever table they come from: rows of the settings or
// VerbOptions. What help, man page and completions are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/boxctl/verbs.h"

namespace boxctl::cmd {

struct OptionText {
    std::string_view heading;
    std::string_view name;  ///< without "--"; may be empty
    char letter = 0;
    std::string_view argument;  ///< as in settings::Row
    std::string_view help;
    std::vector<std::string> choices;  ///< words a value can be; empty: any text
    bool alias = false;                ///< another spelling, for who comes from systemd-nspawn
};

/// In the order to show; --help comes last.
std::vector<OptionText> options_of(const Verb& verb);

/// "-M, --machine=NAME".
std::string synopsis(const OptionText& option);

/// What the value of an option is, for completions.
enum class ValueKind { none, words, directory, path, text };
ValueKind value_kind(const OptionText& option);

}  // namespace boxctl::cmd
