// SPDX-License-Identifier: LGPL-2.1-or-later
// Completions for bash, zsh and fish, written from the tables. Names of boxes are the directories
// of /run/boxctl, as far as the caller may read it.
#include <string>
#include <vector>

#include "cmd/boxctl/options_of.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

namespace boxctl::cmd {
namespace {

// What the first word behind a verb is.
enum class WordKind {
    none,
    root,
    box,
    box_and_path,  ///< and the second is a path of the host
    verb,
};

WordKind word_kind(const Verb& verb) {
    if (verb.mode) return WordKind::root;
    if (verb.arguments.starts_with("NAME SOURCE")) return WordKind::box_and_path;
    if (verb.arguments.starts_with("NAME")) return WordKind::box;
    return verb.name == "help" ? WordKind::verb : WordKind::none;
}

// Inside single quotes of any of the three shells' scripts there must be none.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c == '\'' ? std::string("’") : std::string(1, c);
    return out;
}

std::vector<const Verb*> shown_verbs() {
    std::vector<const Verb*> shown;
    for (const Verb& verb : verbs()) {
        if (!verb.hidden) shown.push_back(&verb);
    }
    return shown;
}

constexpr const char* kWordKinds[] = {"none", "root", "box", "path", "verb"};

std::string bash_value_case(const Verb& verb, const OptionText& option) {
    std::string names = "--" + std::string(option.name);
    if (option.letter != 0) names += std::string("|-") + option.letter;
    std::string action = ":";
    switch (value_kind(option)) {
        case ValueKind::words:
            action = "COMPREPLY=($(compgen -W '" + join(option.choices, " ") + "' -- \"$cur\"))";
            break;
        case ValueKind::directory:
            action = "COMPREPLY=($(compgen -d -- \"$cur\"))";
            break;
        case ValueKind::path:
            action = "COMPREPLY=($(compgen -f -- \"$cur\"))";
            break;
        case ValueKind::text:
            break;
        case ValueKind::none:
            return {};
    }
    std::string cases;
    for (const std::string& name : split(names, '|')) {
        if (name == "--") continue;
        cases += (cases.empty() ? "" : "|") + std::string(verb.name) + ":" + name;
    }
    return "        " + cases + ") " + action + "; return ;;\n";
}

std::string bash_script() {
    std::string names;
    std::string values;
    std::string words;
    for (const Verb* verb : shown_verbs()) {
        std::string options;
        for (const OptionText& option : options_of(*verb)) {
            if (!option.name.empty()) options += " --" + std::string(option.name);
            if (option.letter != 0) options += std::string(" -") + option.letter;
            values += bash_value_case(*verb, option);
        }
        names += "        " + std::string(verb->name) + ") options='" + options.substr(1) +
                 "' words=" + kWordKinds[static_cast<size_t>(word_kind(*verb))] + " ;;\n";
    }
    return "# bash completion for boxctl; made by 'boxctl completion bash'\n"
           "_boxctl() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local verb=${COMP_WORDS[1]} options='' words=none\n"
           "    COMPREPLY=()\n"
           "    if ((COMP_CWORD == 1)); then\n"
           "        COMPREPLY=($(compgen -W '" +
           join(verb_names(), " ") +
           " --help --version' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    # bash splits --option=value at the '='\n"
           "    if [[ $cur == = ]]; then\n"
           "        cur=''\n"
           "    elif [[ $previous == = ]]; then\n"
           "        previous=${COMP_WORDS[COMP_CWORD-2]}\n"
           "    fi\n"
           "    case $verb:$previous in\n" +
           values +
           "    esac\n"
           "    case $verb in\n" +
           names +
           "    esac\n"
           "    if [[ $cur == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case $words in\n"
           "        root) COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
           "        box) COMPREPLY=($(compgen -W \"$(command ls /run/boxctl 2>/dev/null)\" -- "
           "\"$cur\")) ;;\n"
           "        path)\n"
           "            COMPREPLY=($(compgen -f -- \"$cur\"))\n"
           "            [[ $cur == */* || $cur == .* ]] ||\n"
           "                COMPREPLY+=($(compgen -W \"$(command ls /run/boxctl 2>/dev/null)\" -- "
           "\"$cur\"))\n"
           "            ;;\n"
           "        verb) COMPREPLY=($(compgen -W '" +
           join(verb_names(), " ") +
           "' -- \"$cur\")) ;;\n"
           "    esac\n"
           "}\n"
           "complete -o filenames -F _boxctl boxctl\n";
}

// '[' ']' and ':' mean something in a specification of _arguments.
std::string zsh_text(std::string_view text) {
    std::string out;
    for (const char c : plain(text)) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_action(const OptionText& option) {
    switch (value_kind(option)) {
        case ValueKind::none:
            return {};
        case ValueKind::words:
            return ":value:(" + join(option.choices, " ") + ")";
        case ValueKind::directory:
            return ":directory:_files -/";
        case ValueKind::path:
            return ":path:_files";
        case ValueKind::text:
            return ":value: ";
    }
    return {};
}

std::string zsh_option(const OptionText& option) {
    const std::string help = "[" + zsh_text(option.help) + "]";
    const std::string action = zsh_action(option);
    const bool optional = option.argument.starts_with('[');
    std::string lines;
    if (option.letter != 0) {
        const bool value = !action.empty() && !optional;
        lines += std::string("        '*-") + option.letter + (value ? "+" : "") + help +
                 (value ? action : "") + "' \\\n";
    }
    if (!option.name.empty()) {
        const std::string mark = action.empty() ? "" : optional ? "=-" : "=";
        lines += "        '*--" + std::string(option.name) + mark + help + (optional ? ":" : "") +
                 action + "' \\\n";
    }
    return lines;
}

std::string zsh_script() {
    std::string described;
    std::string cases;
    for (const Verb* verb : shown_verbs()) {
        described += "        '" + std::string(verb->name) + ":" + zsh_text(verb->help) + "'\n";
        std::string options;
        for (const OptionText& option : options_of(*verb))
            options += zsh_option(option);
        std::string word = "'*: :'";
        switch (word_kind(*verb)) {
            case WordKind::root:
                word = "'1:root:_files -/' '*::command:_normal'";
                break;
            case WordKind::box:
                word = "'1:box:_boxctl_boxes' '*::command:_normal'";
                break;
            case WordKind::box_and_path:
                word = "'1:box:_boxctl_boxes' '*:path:_files'";
                break;
            case WordKind::verb:
                word = "'1:verb:(" + join(verb_names(), " ") + ")'";
                break;
            case WordKind::none:
                break;
        }
        cases += "    " + std::string(verb->name) + ")\n    _arguments -s -S \\\n" + options +
                 "        " + word + " ;;\n";
    }
    return "#compdef boxctl\n"
           "# made by 'boxctl completion zsh'\n"
           "_boxctl_boxes() {\n"
           "    local -a boxes\n"
           "    boxes=(/run/boxctl/*(N/:t))\n"
           "    compadd -a boxes\n"
           "}\n"
           "_boxctl() {\n"
           "    local -a verbs\n"
           "    verbs=(\n" +
           described +
           "    )\n"
           "    if ((CURRENT == 2)); then\n"
           "        _describe verb verbs\n"
           "        return\n"
           "    fi\n"
           "    local verb=$words[2]\n"
           "    shift words\n"
           "    ((CURRENT--))\n"
           "    case $verb in\n" +
           cases +
           "    esac\n"
           "}\n"
           "_boxctl \"$@\"\n";
}

std::string fish_option(const std::string& condition, const OptionText& option) {
    std::string line = "complete -c boxctl -n '" + condition + "'";
    if (!option.name.empty()) line += " -l " + std::string(option.name);
    if (option.letter != 0) line += std::string(" -s ") + option.letter;
    const bool optional = option.argument.starts_with('[');
    switch (value_kind(option)) {
        case ValueKind::none:
            break;
        case ValueKind::words:
            line += std::string(optional ? " -f" : " -x") + " -a '" + join(option.choices, " ") +
                    "'";
            break;
        case ValueKind::directory:
            line += " -x -a '(__fish_complete_directories)'";
            break;
        case ValueKind::path:
            line += " -r -F";
            break;
        case ValueKind::text:
            line += optional ? " -f" : " -x";
            break;
    }
    return line + " -d '" + plain(option.help) + "'\n";
}

std::string fish_script() {
    std::string text =
            "# fish completion for boxctl; made by 'boxctl completion fish'\n"
            "complete -c boxctl -f\n";
    for (const Verb* verb : shown_verbs()) {
        const std::string name(verb->name);
        const std::string condition = "__fish_seen_subcommand_from " + name;
        text += "complete -c boxctl -n __fish_use_subcommand -a " + name + " -d '" +
                plain(verb->help) + "'\n";
        switch (word_kind(*verb)) {
            case WordKind::root:
                text += "complete -c boxctl -n '" + condition +
                        "' -a '(__fish_complete_directories)'\n";
                break;
            case WordKind::box:
                text += "complete -c boxctl -n '" + condition +
                        "' -a '(command ls /run/boxctl 2>/dev/null)'\n";
                break;
            case WordKind::box_and_path:
                text += "complete -c boxctl -n '" + condition +
                        "' -F -a '(command ls /run/boxctl 2>/dev/null)'\n";
                break;
            case WordKind::verb:
                text += "complete -c boxctl -n '" + condition + "' -a '" + join(verb_names(), " ") +
                        "'\n";
                break;
            case WordKind::none:
                break;
        }
        for (const OptionText& option : options_of(*verb))
            text += fish_option(condition, option);
    }
    return text;
}

}  // namespace

int verb_completion(const Invocation& invocation) {
    const std::string& shell = invocation.words[0];
    if (shell == "bash") return print(bash_script());
    if (shell == "zsh") return print(zsh_script());
    if (shell == "fish") return print(fish_script());
    log::error("completion: no completions for " + quote(shell) + "; bash, zsh or fish");
    return kOwnError;
}

}  // namespace boxctl::cmd
