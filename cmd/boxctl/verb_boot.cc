// SPDX-License-Identifier: LGPL-2.1-or-later
// boot and run: from words to Settings that hold together.
#include "cmd/boxctl/boot.h"
#include "cmd/boxctl/help.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/settings/cli.h"

namespace boxctl::cmd {
namespace {

Result<settings::CommandLine> read_line(const Invocation& invocation) {
    return settings::parse_command_line(*invocation.verb.mode, invocation.raw,
                                        settings::Caller::current());
}

ReadSettings reader_of(const Invocation& invocation) {
    return [&invocation]() -> Result<settings::Settings> {
        settings::CommandLine line = BOX_TRY(read_line(invocation));
        const std::vector<std::string> faults = settings::validate(line.settings);
        if (!faults.empty()) return Error(faults.front());
        return std::move(line.settings);
    };
}

int start(const settings::Settings& wanted, const Invocation& invocation) {
    if (!wanted.tool.log_level.value.empty()) log::set_level(wanted.tool.log_level.value);
    const std::vector<std::string> faults = settings::validate(wanted);
    for (const std::string& fault : faults)
        log::error(fault);
    if (!faults.empty()) return kOwnError;
    if (wanted.console.quiet.value && !wanted.tool.log_level.is_set()) {
        log::set_level(log::Level::error);
    }
    return boot_machine(wanted, reader_of(invocation));
}

int parse_and_start(const Invocation& invocation) {
    const auto line = read_line(invocation);
    if (!line) {
        log::error(line.error().message());
        return kOwnError;
    }
    switch (line->wish) {
        case settings::CommandLine::Wish::start:
            return start(line->settings, invocation);
        case settings::CommandLine::Wish::help:
            return print(verb_help_text(invocation.verb));
        case settings::CommandLine::Wish::version:
            return print(version_text());
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

int take_over(const Invocation& invocation, os::UniqueFd handover) {
    return take_over_machine(std::move(handover), reader_of(invocation));
}

}  // namespace boxctl::cmd
