// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/help.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

namespace boxctl::cmd {

int verb_help(const Invocation& invocation) {
    if (invocation.words.empty()) return print(overall_help());
    const std::string& name = invocation.words[0];
    const Verb* verb = find_verb(name);
    if (verb != nullptr) return print(verb_help_text(*verb));
    Error error("unknown verb " + quote(name));
    const std::string near = nearest(name, verb_names());
    if (!near.empty()) error.set_hint("did you mean '" + near + "'?");
    log::error(error.message());
    return kOwnError;
}

int verb_version(const Invocation&) {
    return print(version_text());
}

}  // namespace boxctl::cmd
