// SPDX-License-Identifier: LGPL-2.1-or-later
// boot, run and nspawn: from words and files to Settings that hold together.
#include "cmd/boxctl/attempt.h"
#include "cmd/boxctl/boot.h"
#include "cmd/boxctl/help.h"
#include "cmd/boxctl/load.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/settings/cli.h"

namespace boxctl::cmd {
namespace {

Result<settings::CommandLine> read_line(const Invocation& invocation,
                                        const settings::Caller& caller) {
    if (invocation.verb.front == settings::Front::nspawn) {
        return settings::parse_nspawn_line(invocation.raw, caller);
    }
    return settings::parse_command_line(*invocation.verb.mode, invocation.raw, caller);
}

ReadSettings reader_of(const Invocation& invocation) {
    return [&invocation]() -> Result<settings::Settings> {
        const settings::Caller caller = settings::Caller::current();
        const settings::CommandLine line = BOX_TRY(read_line(invocation, caller));
        LoadedSettings loaded = BOX_TRY(load_settings(line, caller));
        const std::vector<std::string> faults = settings::validate(loaded.settings);
        if (!faults.empty()) return Error(faults.front());
        return std::move(loaded.settings);
    };
}

bool complain(const settings::Settings& wanted) {
    const std::vector<std::string> faults = settings::validate(wanted);
    for (const std::string& fault : faults)
        log::error(fault);
    if (faults.empty()) return false;
    Attempt attempt(wanted);
    attempt.phase = "reading the settings";
    keep_failure(attempt, Error(faults.front()));
    return true;
}

int fail_to_load(const settings::CommandLine& line, const Error& error) {
    Attempt attempt(line.settings);
    attempt.phase = "reading the settings and opening the root";
    keep_failure(attempt, error);
    return fail_start(line.settings.front, error);
}

int start(const settings::CommandLine& line, const settings::Caller& caller,
          const Invocation& invocation) {
    const settings::ToolSettings& tool = line.settings.tool;
    if (!tool.log_level.value.empty()) log::set_level(tool.log_level.value);
    if (line.settings.console.quiet.value && !tool.log_level.is_set()) {
        log::set_level(log::Level::error);
    }
    const settings::Front front = line.settings.front;
    const int refused = front == settings::Front::nspawn ? kNspawnFailure : kOwnError;
    if (complain(line.settings)) return refused;
    auto loaded = load_settings(line, caller);
    if (!loaded) return fail_to_load(line, loaded.error());
    for (const std::string& warning : loaded->warnings)
        log::warning(warning);
    if (complain(loaded->settings)) return refused;
    return boot_machine(loaded->settings, std::move(loaded->root), reader_of(invocation));
}

/// Silent where there is nothing to do: units do it after every machine.
int cleanup(const settings::Settings& wanted) {
    const settings::ImageSettings& image = wanted.image;
    const std::string name = image.machine.value.empty()
                                     ? settings::name_of_directory("/" + image.directory.value)
                                     : image.machine.value;
    const auto cleaned = clean_up(name);
    return cleaned ? 0 : fail_start(wanted.front, cleaned.error());
}

int parse_and_start(const Invocation& invocation) {
    const settings::Caller caller = settings::Caller::current();
    const auto line = read_line(invocation, caller);
    if (!line) return fail_start(invocation.verb.front, line.error());
    switch (line->wish) {
        case settings::CommandLine::Wish::start:
            return start(*line, caller, invocation);
        case settings::CommandLine::Wish::help:
            return print(verb_help_text(invocation.verb));
        case settings::CommandLine::Wish::version:
            return print(version_text());
        case settings::CommandLine::Wish::cleanup:
            return cleanup(line->settings);
        case settings::CommandLine::Wish::list:
            return print(join(line->choices, "\n") + "\n");
    }
    return kOwnError;
}

}  // namespace

int verb_boot(const Invocation& invocation) {
    return parse_and_start(invocation);
}
int verb_run(const Invocation& invocation) {
    return parse_and_start(invocation);
}
int verb_nspawn(const Invocation& invocation) {
    return parse_and_start(invocation);
}

int take_over(const Invocation& invocation, os::UniqueFd handover) {
    return take_over_machine(std::move(handover), reader_of(invocation), invocation.verb.front);
}

}  // namespace boxctl::cmd
