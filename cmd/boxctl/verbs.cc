// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/verbs.h"

#include <algorithm>
#include <array>

namespace boxctl::cmd {
namespace {

// clang-format off
constexpr VerbOption kListOptions[] = {
    {"json", 0, "", "Print JSON"},
};
constexpr VerbOption kStatsOptions[] = {
    {"watch", 'w', "", "Again every second, with the processors' share"},
    {"json", 0, "", "Print JSON"},
};
constexpr VerbOption kSetOptions[] = {
    {"runtime", 0, "", "Of a service: forget it at the host's next boot"},
};
constexpr VerbOption kStopOptions[] = {
    {"timeout", 0, "=SECONDS|none", "Kill it after that (default: its own time)"},
    {"no-wait", 0, "", "Only ask; do not wait until it has stopped"},
    {"job", 0, "=N", "Stop only this job of 'boxctl exec -d'"},
};
constexpr VerbOption kKillOptions[] = {
    {"signal", 's', "=SIGNAL", "Send this to its PID 1 instead of killing all"},
    {"job", 0, "=N", "Kill or signal only this 'boxctl exec -d' job"},
};
constexpr VerbOption kShellOptions[] = {
    {"user", 'u', "=USER", "Become this user of the box (default: root)"},
    {"chdir", 0, "=PATH", "Start here (default: the user's home)"},
    {"setenv", 'E', "=NAME[=VALUE]", "Set a variable, or pass on the caller's"},
    {"pty", 0, "", "A terminal of the box even without one here"},
};
constexpr VerbOption kBindOptions[] = {
    {"ro", 0, "", "Read-only"},
    {"noidmap", 0, "", "Show the host's own ids, not those of the box"},
    {"mkdir", 0, "", "Make TARGET if missing, as the box's root"},
};
constexpr VerbOption kExecOptions[] = {
    {"detach", 'd', "", "Leave it running as a job, and print its number"},
    {"user", 'u', "=USER", "Become this user of the box (default: root)"},
    {"setenv", 'e', "=NAME[=VALUE]", "Set a variable, or pass on the caller's"},
    {"chdir", 'w', "=PATH", "Start here (default: the user's home)"},
    {"pty", 't', "", "A terminal of the box even without one here"},
    {"interactive", 'i', "", "Pass standard input on, as it is anyway"},
};
constexpr VerbOption kWaitOptions[] = {
    {"for", 0, "=running|ready|stopped", "What to wait for (default: stopped)"},
    {"timeout", 0, "=SECONDS|none", "Give up after that, with exit status 124"},
};
constexpr VerbOption kLogsOptions[] = {
    {"follow", 'f', "", "Go on until the box ends"},
    {"lines", 'n', "=N", "Only the newest N lines"},
    {"since", 0, "=TIME", "Only from then on: -5min, 10:00, today …"},
    {"timestamps", 't', "", "Put the time before each line"},
    {"raw", 0, "", "Print escape sequences and all"},
    {"json", 0, "", "Print a JSON object for each line"},
};
constexpr VerbOption kEditOptions[] = {
    {"box", 0, "", "Edit NAME.box, not read by systemd-nspawn"},
};
constexpr VerbOption kConsoleOptions[] = {
    {"tty", 0, "=N", "Attach to ttyN of the box, not to its console"},
};

constexpr VerbOption kServicesOptions[] = {
    {"json", 0, "", "Print the status as JSON"},
};
constexpr VerbOption kAdoptOptions[] = {
    {"undo", 0, "", "Let systemd-nspawn start it again"},
};

constexpr auto kBoot = settings::Mode::boot;
constexpr auto kRun = settings::Mode::run;
constexpr Verb kVerbs[] = {
    {.name = "boot", .arguments = "ROOT [OPTIONS] [-- ARG...]", .help = "Boot the init of a directory as a machine", .group = VerbGroup::start, .act = verb_boot, .options = {}, .mode = kBoot},
    {.name = "run", .arguments = "ROOT [OPTIONS] [COMMAND...]", .help = "Run a command or a login shell in it", .group = VerbGroup::start, .act = verb_run, .options = {}, .mode = kRun},
    {.name = "nspawn", .arguments = "[OPTIONS] [ARG...]", .help = "Read the words as systemd-nspawn would", .group = VerbGroup::start, .act = verb_nspawn, .options = {}, .front = settings::Front::nspawn, .mode = kRun},
    {.name = "list", .arguments = "", .help = "Show the boxes that run", .group = VerbGroup::look, .act = verb_list, .options = kListOptions, .mode = {}},
    {.name = "status", .arguments = "NAME", .help = "Show one box in detail", .group = VerbGroup::look, .act = verb_status, .options = kListOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "stats", .arguments = "[NAME...]", .help = "Show what boxes use", .group = VerbGroup::look, .act = verb_stats, .options = kStatsOptions, .most_words = 64, .mode = {}},
    {.name = "top", .arguments = "[NAME...]", .help = "The same over the whole screen, until q", .group = VerbGroup::look, .act = verb_top, .options = {}, .most_words = 64, .mode = {}},
    {.name = "logs", .arguments = "NAME", .help = "Show what a box wrote on its console", .group = VerbGroup::look, .act = verb_logs, .options = kLogsOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "explain", .arguments = "[NAME]", .help = "Show why the last start of a box failed", .group = VerbGroup::look, .act = verb_explain, .options = kListOptions, .most_words = 1, .mode = {}},
    {.name = "wait", .arguments = "NAME", .help = "Wait until a box is ready or has stopped", .group = VerbGroup::look, .act = verb_wait, .options = kWaitOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "settings", .arguments = "[NAME|ROOT] [OPTIONS]", .help = "Show every setting and who set it", .group = VerbGroup::look, .act = verb_settings, .options = {}, .mode = kBoot},
    {.name = "cat", .arguments = "NAME|ROOT", .help = "Show the settings files of a machine", .group = VerbGroup::look, .act = verb_cat, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "shell", .arguments = "NAME [COMMAND...]", .help = "Run a shell or a command inside a box", .group = VerbGroup::act, .act = verb_shell, .options = kShellOptions, .fewest_words = 1, .most_words = 1, .takes_command = true, .mode = {}},
    {.name = "exec", .arguments = "NAME COMMAND...", .help = "Run a command, or a job in the background", .group = VerbGroup::act, .act = verb_exec, .options = kExecOptions, .fewest_words = 1, .most_words = 1, .takes_command = true, .mode = {}},
    {.name = "console", .arguments = "NAME", .help = "Attach to the console of a box", .group = VerbGroup::act, .act = verb_console, .options = kConsoleOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "bind", .arguments = "NAME SOURCE [TARGET]", .help = "Show a host directory or file in a box", .group = VerbGroup::act, .act = verb_bind, .options = kBindOptions, .fewest_words = 2, .most_words = 3, .mode = {}},
    {.name = "unbind", .arguments = "NAME TARGET", .help = "Take away what bind has shown there", .group = VerbGroup::act, .act = verb_unbind, .options = {}, .fewest_words = 2, .most_words = 2, .mode = {}},
    {.name = "services", .arguments = "NAME [status|start|stop|restart|logs] [SERVICE]", .help = "Show or steer the services of a box", .group = VerbGroup::act, .act = verb_services, .options = kServicesOptions, .fewest_words = 1, .most_words = 3, .mode = {}},
    {.name = "stop", .arguments = "NAME", .help = "Power a box off, by force if need be", .group = VerbGroup::act, .act = verb_stop, .options = kStopOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "reboot", .arguments = "NAME", .help = "Ask the init to reboot", .group = VerbGroup::act, .act = verb_reboot, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "kill", .arguments = "NAME", .help = "Kill every process of a box at once", .group = VerbGroup::act, .act = verb_kill, .options = kKillOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "freeze", .arguments = "NAME", .help = "Stop every process where it is", .group = VerbGroup::act, .act = verb_freeze, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "thaw", .arguments = "NAME", .help = "Let them go on", .group = VerbGroup::act, .act = verb_thaw, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "set", .arguments = "NAME PROPERTY=VALUE...", .help = "Change its limits while it runs", .group = VerbGroup::act, .act = verb_set, .options = kSetOptions, .fewest_words = 2, .most_words = 64, .mode = {}},
    {.name = "reload", .arguments = "NAME", .help = "Look after a box by the newest boxctl", .group = VerbGroup::act, .act = verb_reload, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "edit", .arguments = "NAME", .help = "Edit its settings file, with a check", .group = VerbGroup::other, .act = verb_edit, .options = kEditOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "cleanup", .arguments = "[NAME]", .help = "Remove what a killed boxctl left behind", .group = VerbGroup::other, .act = verb_cleanup, .options = {}, .most_words = 1, .mode = {}},
    {.name = "adopt", .arguments = "NAME", .help = "Have machinectl start a machine with boxctl", .group = VerbGroup::other, .act = verb_adopt, .options = kAdoptOptions, .fewest_words = 1, .most_words = 1, .mode = {}},
    {.name = "help", .arguments = "[VERB]", .help = "Show this, or all about one verb", .group = VerbGroup::other, .act = verb_help, .options = {}, .most_words = 1, .mode = {}},
    {.name = "version", .arguments = "", .help = "Show the version", .group = VerbGroup::other, .act = verb_version, .options = {}, .mode = {}},
    {.name = "completion", .arguments = "bash|zsh|fish", .help = "Print the completions for a shell", .group = VerbGroup::other, .act = verb_completion, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}, .hidden = true},
    {.name = "man-options", .arguments = "verbs|options", .help = "Print a generated part of the man page", .group = VerbGroup::other, .act = verb_man_options, .options = {}, .fewest_words = 1, .most_words = 1, .mode = {}, .hidden = true},
};
// clang-format on

consteval bool sound() {
    for (const Verb& verb : kVerbs) {
        const auto same = [&](const Verb& other) { return other.name == verb.name; };
        if (std::count_if(std::begin(kVerbs), std::end(kVerbs), same) != 1) return false;
        if (verb.help.empty()) return false;
        if (verb.fewest_words > verb.most_words) return false;
    }
    return true;
}
static_assert(sound(), "a verb twice, or without help");

}  // namespace

std::optional<std::string_view> Invocation::value(std::string_view name) const {
    const auto last = std::find_if(options.rbegin(), options.rend(),
                                   [&](const Given& given) { return given.name == name; });
    if (last == options.rend()) return std::nullopt;
    return last->value;
}

const char* title(VerbGroup group) {
    switch (group) {
        case VerbGroup::start:
            return "Start a box";
        case VerbGroup::look:
            return "See what runs";
        case VerbGroup::act:
            return "Work with a running box";
        case VerbGroup::other:
            return "Other";
    }
    return "";
}

std::span<const Verb> verbs() {
    return kVerbs;
}

const Verb* find_verb(std::string_view name) {
    const auto found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                    [&](const Verb& verb) { return verb.name == name; });
    return found == std::end(kVerbs) ? nullptr : found;
}

std::vector<std::string> verb_names() {
    std::vector<std::string> names;
    for (const Verb& verb : kVerbs) {
        if (!verb.hidden) names.emplace_back(verb.name);
    }
    return names;
}

}  // namespace boxctl::cmd
