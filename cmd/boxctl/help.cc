// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/help.h"

#include <algorithm>

#include "cmd/boxctl/options_of.h"
#include "lib/base/text.h"

namespace boxctl::cmd {
namespace {

// "  left        right"; a left side that is too long gets a line of its own.
std::string two_columns(const std::string& left, std::string_view right, size_t width) {
    std::string line = "  " + left;
    if (left.size() + 2 > width) {
        line += "\n" + std::string(width + 2, ' ');
    } else {
        line.resize(width + 2, ' ');
    }
    return line + std::string(right) + "\n";
}

std::string call_of(const Verb& verb) {
    return std::string(verb.name) + (verb.arguments.empty() ? "" : " ") +
           std::string(verb.arguments);
}

constexpr std::string_view kBootExamples =
        "Examples:\n"
        "  boxctl boot ./alpine-root                  at its console; ^]^]^] ends the box\n"
        "  boxctl boot ./debian -x -M test            changes are forgotten\n"
        "  boxctl boot ./web --bind-ro=/srv/www -n    host files and a network link\n";
constexpr std::string_view kRunExamples =
        "Examples:\n"
        "  boxctl run ./alpine-root                   a login shell\n"
        "  boxctl run ./alpine-root apk --version     one command\n"
        "  boxctl run ./alpine-root -x -P -- sh -c 'cat /etc/os-release' | sort\n";

std::string_view examples(const Verb& verb) {
    if (!verb.mode || (verb.name != "boot" && verb.name != "run")) return {};
    return *verb.mode == settings::Mode::boot ? kBootExamples : kRunExamples;
}

}  // namespace

std::string overall_help() {
    constexpr size_t kWidth = 34;
    std::string text = "boxctl starts Linux machines in containers.\n";
    VerbGroup group{};
    bool first = true;
    for (const Verb& verb : verbs()) {
        if (verb.hidden) continue;
        if (first || verb.group != group) text += "\n" + std::string(title(verb.group)) + ":\n";
        first = false;
        group = verb.group;
        text += two_columns(call_of(verb), verb.help, kWidth);
    }
    return text +
           "\nSee 'boxctl VERB --help', 'man boxctl'; begin with: boxctl boot ./alpine-root\n";
}

std::string verb_help_text(const Verb& verb) {
    constexpr size_t kWidth = 31;
    std::string text = "boxctl " + call_of(verb) + "\n" + std::string(verb.help) + ".\n";
    if (verb.front == settings::Front::nspawn) {
        text += "The first word that is no option ends them; defaults are systemd-nspawn's.\n";
    } else if (!examples(verb).empty()) {
        text += "ROOT is a directory, an OCI bundle, or the name of one in /var/lib/machines.\n"
                "OPTIONS may stand before or behind it; =help lists a value's words.\n";
    } else if (verb.mode) {
        text += "OPTIONS may stand before or behind ROOT; =help lists a value's words.\n";
    }
    std::string_view heading;
    for (const OptionText& option : options_of(verb)) {
        if (option.alias && verb.front == settings::Front::boxctl) continue;
        if (option.heading != heading) text += "\n" + std::string(option.heading) + ":\n";
        heading = option.heading;
        // Those with a letter and those without line up at their names.
        const std::string indent = option.letter == 0 ? "    " : "";
        text += two_columns(indent + synopsis(option), option.help, kWidth);
    }
    if (!examples(verb).empty()) text += "\n" + std::string(examples(verb));
    return text;
}

}  // namespace boxctl::cmd
