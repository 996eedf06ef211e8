// SPDX-License-Identifier: LGPL-2.1-or-later
// Verbs: the table of what boxctl can do. main.cc dispatches by it; the help, the man page and the
// shell completions are made of it. A verb lives in verb_NAME.cc and is one function.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/os/fd.h"
#include "lib/settings/settings.h"

namespace boxctl::cmd {

constexpr int kOwnError = 125;     ///< exit status for every failure of boxctl itself
constexpr int kNspawnFailure = 1;  ///< the same, called as systemd-nspawn
constexpr int kRebootAsked = 133;  ///< what systemd's units restart on (RestartForceExitStatus=)

/// An option of a verb. boot and run have those of lib/settings/table.h instead.
struct VerbOption {
    std::string_view name;      ///< without "--"
    char letter;                ///< or 0
    std::string_view argument;  ///< "=SECONDS"; empty: a flag
    std::string_view help;
};

struct Verb;

/// What the user typed behind the verb, checked against the verb's row.
struct Invocation {
    const Verb& verb;
    std::vector<std::string> words;    ///< those of the row's arguments: [fewest_words, most_words]
    std::vector<std::string> command;  ///< with takes_command: what follows, with or without "--"
    std::vector<std::string> raw;      ///< boot and run: everything, unread

    struct Given {
        std::string_view name;
        std::string value;  ///< empty for a flag
    };
    std::vector<Given> options;

    [[nodiscard]] bool has(std::string_view name) const { return value(name).has_value(); }
    /// Of the last option of that name.
    [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;
};

enum class VerbGroup { start, look, act, other };
const char* title(VerbGroup group);

struct Verb {
    std::string_view name;
    std::string_view arguments;  ///< as the help writes them, "NAME [COMMAND...]"
    std::string_view help;       ///< one line
    VerbGroup group = VerbGroup::other;
    int (*act)(const Invocation& invocation);  ///< returns the exit status; not to be left out
    std::span<const VerbOption> options;
    size_t fewest_words = 0;
    size_t most_words = 0;
    bool takes_command = false;  ///< the first word behind most_words starts a command
    settings::Front front = settings::Front::boxctl;  ///< whose command line the table reads
    std::optional<settings::Mode> mode;  ///< boot and run: the settings table reads the words
    bool hidden = false;                 ///< from help and completions
};

std::span<const Verb> verbs();
const Verb* find_verb(std::string_view name);

/// All names that are shown.
std::vector<std::string> verb_names();

// One file each: verb_NAME.cc.
int verb_boot(const Invocation& invocation);
int verb_run(const Invocation& invocation);     // in verb_boot.cc
int verb_nspawn(const Invocation& invocation);  // in verb_boot.cc
/// Goes on with the machine of an earlier image of this program, which was started by these words.
int take_over(const Invocation& invocation, os::UniqueFd handover);  // in verb_boot.cc
int verb_settings(const Invocation& invocation);
int verb_cat(const Invocation& invocation);  // in verb_settings.cc
int verb_edit(const Invocation& invocation);
int verb_list(const Invocation& invocation);
int verb_status(const Invocation& invocation);
int verb_stop(const Invocation& invocation);
int verb_reboot(const Invocation& invocation);
int verb_kill(const Invocation& invocation);
int verb_bind(const Invocation& invocation);
int verb_unbind(const Invocation& invocation);  // in verb_bind.cc
int verb_freeze(const Invocation& invocation);
int verb_thaw(const Invocation& invocation);  // in verb_freeze.cc
int verb_set(const Invocation& invocation);
int verb_top(const Invocation& invocation);
int verb_stats(const Invocation& invocation);
int verb_reload(const Invocation& invocation);
int verb_shell(const Invocation& invocation);
int verb_exec(const Invocation& invocation);  // in verb_shell.cc
int verb_explain(const Invocation& invocation);
int verb_logs(const Invocation& invocation);
int verb_services(const Invocation& invocation);
int verb_wait(const Invocation& invocation);
int verb_console(const Invocation& invocation);
int verb_cleanup(const Invocation& invocation);
/// Removes what a killed boxctl left of the machine; one that runs is an error. Was there anything?
Result<bool> clean_up(const std::string& name);  // in verb_cleanup.cc
int verb_adopt(const Invocation& invocation);
int verb_help(const Invocation& invocation);
int verb_version(const Invocation& invocation);  // in verb_help.cc
int verb_completion(const Invocation& invocation);
int verb_man_options(const Invocation& invocation);

}  // namespace boxctl::cmd
