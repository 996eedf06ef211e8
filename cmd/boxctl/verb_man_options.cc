// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of boxctl(1) that the tables know, as man(7) source.
#include <string>

#include "cmd/boxctl/options_of.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/settings/table.h"

namespace boxctl::cmd {
namespace {

std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '^':
                out += "\\(ha";
                break;
            default:
                out += c;
        }
    }
    return out.starts_with('.') ? "\\&" + out : out;
}

std::string entry(const OptionText& option) {
    std::string text = ".TP\n\\fB" + roff(synopsis(option)) + "\\fR\n" + roff(option.help) + ".\n";
    if (value_kind(option) == ValueKind::words && option.choices.size() <= 16) {
        text += "Words: " + roff(join(option.choices, ", ")) + ".\n";
    }
    return text;
}

std::string verbs_part() {
    std::string text;
    for (const Verb& verb : verbs()) {
        if (verb.hidden) continue;
        text += ".TP\n\\fB" + roff(verb.name) + "\\fR";
        if (!verb.arguments.empty()) text += " " + roff(verb.arguments);
        text += "\n" + roff(verb.help) + ".\n";
        if (verb.options.empty()) continue;
        text += ".RS\n";
        for (const OptionText& option : options_of(verb)) {
            if (option.name != "help") text += entry(option);
        }
        text += ".RE\n";
    }
    return text;
}

// boot and run share nearly all of their options; what is not shared says so.
std::string options_part() {
    std::string text;
    for (int group = 0; group <= static_cast<int>(settings::Group::tool); group++) {
        const std::string_view heading = settings::title(static_cast<settings::Group>(group));
        text += ".SS " + roff(heading) + "\n";
        for (const settings::Row& row : settings::rows()) {
            if (static_cast<int>(row.group) != group || !settings::is_option(row)) continue;
            text += entry({heading, row.option, row.letter, row.argument, row.help,
                           row.choices == nullptr ? std::vector<std::string>{} : row.choices()});
            if (row.verbs == settings::Verbs::boot) text += "Only for \\fBboot\\fR.\n";
            if (row.verbs == settings::Verbs::nspawn) text += "Only for \\fBnspawn\\fR.\n";
            if (row.verbs == settings::Verbs::run) text += "Only for \\fBrun\\fR.\n";
        }
    }
    return text;
}

}  // namespace

int verb_man_options(const Invocation& invocation) {
    const std::string& part = invocation.words[0];
    if (part == "verbs") return print(verbs_part());
    if (part == "options") return print(options_part());
    log::error("man-options: no part " + quote(part) + "; verbs or options");
    return kOwnError;
}

}  // namespace boxctl::cmd
