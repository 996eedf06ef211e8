// SPDX-License-Identifier: LGPL-2.1-or-later
// explain: why a machine's last start failed, in parts.
#include <string.h>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/state/failure.h"

namespace boxctl::cmd {
namespace {

/// For what brought no better hint of its own.
std::string advice(const state::Failure& failure) {
    switch (failure.code) {
        case 0:
            return "";
        case ENOENT:
            return "make what is not there, or correct the name";
        case EACCES:
        case EPERM:
            return "see whether root may do that here: a container, SELinux or AppArmor may forbid "
                   "it";
        case ENOSPC:
        case EDQUOT:
            return "make room on that file system, or raise the limit";
        case EMFILE:
        case ENFILE:
            return "raise the limit of open files (ulimit -n, fs.file-max)";
        case ENOMEM:
            return "free memory, or raise MemoryMax= of the slice or service around boxctl";
        case EBUSY:
        case EWOULDBLOCK:
            return "stop who uses it; 'boxctl cleanup' removes what a killed boxctl left";
        case ENOSYS:
        case EOPNOTSUPP:
            return "this kernel or file system cannot do that; another one, or without the setting";
        default:
            return "";
    }
}

std::string name_of_errno(int code) {
    const char* name = strerrorname_np(code);
    return name == nullptr ? format("errno %d", code) : name;
}

std::string line(const char* title, const std::string& text) {
    return text.empty() ? "" : format("  %-10s", title) + printable(text) + "\n";
}

std::string text_of(const state::Failure& failure) {
    std::string text = "machine " + quote(failure.name) + " was not started, " +
                       age_of(failure.time) + " ago (" + date_of(failure.time) + ")\n";
    text += line("while", failure.phase);
    text += line("step", failure.step);
    text += line("call", failure.act);
    if (failure.code != 0) {
        text += line("error", name_of_errno(failure.code) + ": " + errno_text(failure.code));
    }
    for (const std::string& setting : failure.settings)
        text += line(&setting == &failure.settings.front() ? "asked by" : "", setting);
    text += line("to do", failure.hint.empty() ? advice(failure) : failure.hint);
    return text + line("message", failure.message);
}

std::string json_of(const state::Failure& failure) {
    const json::Value value = {
            {"name", failure.name},
            {"time", failure.time},
            {"phase", failure.phase},
            {"step", failure.step.empty() ? json::Value() : json::Value(failure.step)},
            {"call", failure.act},
            {"errno", failure.code == 0 ? json::Value() : json::Value(name_of_errno(failure.code))},
            {"settings", failure.settings},
            {"to_do", failure.hint.empty() ? advice(failure) : failure.hint},
            {"message", failure.message}};
    return json::to_text(value, json::Layout::pretty) + "\n";
}

Error not_failed(const std::string& name) {
    Error error("no start of machine " + quote(name) + " has failed since it last worked");
    error.set_hint("what it said itself is in 'boxctl logs " + name + "'");
    return error;
}

Result<state::Failure> find_failure(const Invocation& invocation) {
    std::string name;
    if (invocation.words.empty()) {
        const std::vector<std::string> names = BOX_TRY(state::failed_names());
        if (names.empty()) return Error("no start of a machine has failed");
        name = names.front();
    } else {
        name = invocation.words.front();
        const std::string fault = settings::machine_name_fault(name);
        if (!fault.empty()) return Error(quote(name) + " is no machine name: " + fault);
    }
    auto failure = state::read_failure(name);
    if (!failure && failure.error().code() == ENOENT) return not_failed(name);
    return failure;
}

}  // namespace

int verb_explain(const Invocation& invocation) {
    auto failure = find_failure(invocation);
    if (!failure) {
        if (failure.error().code() == EACCES)
            failure.error().set_hint("boxctl has to be started as root");
        return fail(failure.error());
    }
    return print(invocation.has("json") ? json_of(*failure) : text_of(*failure));
}

}  // namespace boxctl::cmd
