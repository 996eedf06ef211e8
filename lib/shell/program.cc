// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/program.h"

#include <algorithm>

#include <unistd.h>

#include "lib/os/file.h"
#include "lib/plan/environment.h"

namespace boxctl::shell {

bool has_terminal(const EnterRequest& request) {
    for (size_t i = 0; i < request.stdio.size(); i++) {
        const Stdio kind = request.stdio[i];
        if (kind == Stdio::terminal || kind == Stdio::line) return true;
        if (kind == Stdio::given && isatty(static_cast<int>(i)) == 1) return true;
    }
    return false;
}

plan::ProcessPlan plan_program(const EnterRequest& request, const host::UserEntry& user) {
    plan::Environment environment;
    environment.set("PATH", plan::kPath);
    environment.set("container", "boxctl");
    if (has_terminal(request)) {
        environment.set("TERM", request.term.empty() ? "linux" : request.term);
    }
    environment.set("HOME", user.home);
    environment.set("USER", user.name);
    environment.set("LOGNAME", user.name);
    environment.set("SHELL", user.shell);
    for (const std::string& variable : request.environment) {
        const size_t name = variable.find('=');
        environment.set(variable.substr(0, name), variable.substr(name + 1));
    }
    plan::ProcessPlan process;
    process.user = user;
    process.directory = request.directory.empty() ? user.home : request.directory;
    if (request.command.empty()) {
        process.candidates = {user.shell, "/bin/sh"};
        process.arguments = {"-" + os::split_path(user.shell).second};
    } else {
        process.arguments = request.command;
        process.candidates =
                !request.candidates.empty()
                        ? request.candidates
                        : plan::search_path(request.command.front(), environment.get("PATH"),
                                            process.directory);
    }
    process.environment = std::move(environment).take();
    return process;
}

}  // namespace boxctl::shell
