// SPDX-License-Identifier: LGPL-2.1-or-later
// settings and cat: what is set for a machine, and the files that set it.
#include "cmd/boxctl/help.h"
#include "cmd/boxctl/load.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/settings/dump.h"

namespace boxctl::cmd {
namespace {

int show(const settings::CommandLine& line, const settings::Caller& caller) {
    const auto loaded = load_for_show(line, caller);
    if (!loaded) return fail(loaded.error());
    for (const std::string& warning : loaded->warnings)
        log::warning(warning);
    // Contradictions are told, not in the way: this is where one looks for their reason. What is
    // only asked of a start is none.
    settings::Settings checked = loaded->settings;
    checked.tool.json.value = false;
    if (checked.image.directory.value.empty()) checked.image.directory.value = "/";
    for (const std::string& fault : settings::validate(checked))
        log::warning(fault);
    if (line.settings.tool.json.value) {
        return print(json_lines(settings::origins_to_json(loaded->settings)));
    }
    return print(settings::print_settings(loaded->settings, settings::Unset::shown));
}

}  // namespace

int verb_settings(const Invocation& invocation) {
    const settings::Caller caller = settings::Caller::current();
    const auto line = settings::parse_command_line(*invocation.verb.mode, invocation.raw, caller);
    if (!line) return fail(line.error());
    switch (line->wish) {
        case settings::CommandLine::Wish::cleanup:  // of systemd-nspawn's command line only
        case settings::CommandLine::Wish::start:
            return show(*line, caller);
        case settings::CommandLine::Wish::help:
            return print(verb_help_text(invocation.verb));
        case settings::CommandLine::Wish::version:
            return print(version_text());
        case settings::CommandLine::Wish::list:
            return print(join(line->choices, "\n") + "\n");
    }
    return kOwnError;
}

int verb_cat(const Invocation& invocation) {
    const auto files = files_of(invocation.words[0]);
    if (!files) return fail(files.error());
    if (files->empty()) {
        Error error("no settings file for machine " + quote(invocation.words[0]));
        error.set_hint("'boxctl edit " + printable(invocation.words[0]) + "' makes one");
        return fail(error);
    }
    std::string text;
    for (const settings::FileText& file : *files) {
        if (!text.empty()) text += "\n";
        text += "# " + printable(file.path) +
                (file.trusted ? "" : "  (came with the tree: may not open the host)") + "\n";
        for (const std::string& line : split(file.text, '\n'))
            text += printable(line) + "\n";
        if (file.text.empty() || file.text.ends_with('\n')) text.pop_back();
    }
    return print(text);
}

}  // namespace boxctl::cmd
