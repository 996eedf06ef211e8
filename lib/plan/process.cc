// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/plan/process.h"

#include <algorithm>
#include <cctype>

#include <sys/personality.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/plan/environment.h"
#include "lib/rootfs/plan.h"

namespace boxctl::plan {
namespace {

std::string dashed(const std::string& uuid) {
    return uuid.substr(0, 8) + "-" + uuid.substr(8, 4) + "-" + uuid.substr(12, 4) + "-" +
           uuid.substr(16, 4) + "-" + uuid.substr(20);
}

/// $container_host_id and its kin (CONTAINER_INTERFACE).
void add_host_identity(Environment& environment, const host::OsRelease& os_release) {
    for (const auto& [key, value] : os_release) {
        for (const char* wanted : {"ID", "VERSION_ID", "BUILD_ID", "VARIANT_ID"}) {
            if (key != wanted) continue;
            std::string name = key;
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            environment.set("container_host_" + name, value);
        }
    }
}

Environment plan_environment(const settings::Settings& wanted, const host::HostFacts& have,
                             const host::UserEntry& user, const Plan& plan,
                             const std::vector<std::string>& passed_fds) {
    Environment environment;
    environment.set("PATH", kPath);
    environment.set("container", rootfs::manager_name(wanted.front));
    const bool terminal = plan.console.terminal && have.output_tty && !have.term.empty();
    environment.set("TERM", terminal                            ? have.term
                            : plan.mode == settings::Mode::boot ? "linux"
                                                                : "dumb");
    environment.set("HOME", user.home);
    environment.set("USER", user.name);
    environment.set("LOGNAME", user.name);
    environment.set("container_uuid", dashed(plan.uuid));
    environment.set("NOTIFY_SOCKET", "/run/host/notify");
    if (plan.mode == settings::Mode::run) environment.set("LANG", "C.UTF-8");
    if (!passed_fds.empty()) {
        environment.set("LISTEN_PID", "1");
        environment.set("LISTEN_FDS", std::to_string(passed_fds.size()));
        environment.set("LISTEN_FDNAMES", join(passed_fds, ":"));
    }
    add_host_identity(environment, have.os_release);
    for (const settings::Variable& variable : wanted.exec.environment.value) {
        environment.set(variable.name, variable.value);
    }
    return environment;
}

/// An id that the map does not have cannot be taken on.
Result<void> check_ids(const host::UserEntry& user, uint32_t count) {
    const auto fault = [&](const char* what, uint32_t id) {
        return Error(format("%s id %u of user ", what, id) + quote(user.name) +
                     format(" is not in the box, which has %u ids", count));
    };
    if (user.uid >= count) return fault("user", user.uid);
    if (user.gid >= count) return fault("group", user.gid);
    for (const gid_t group : user.groups) {
        if (group >= count) return fault("group", group);
    }
    return {};
}

/// As setarch(8) does it: the 32-bit one of a pair, or the processor's own.
Result<std::optional<unsigned long>> plan_personality(settings::Personality wanted) {
    using settings::Personality;
#if defined(__x86_64__)
    constexpr auto kWide = Personality::x86_64;
    constexpr auto kNarrow = Personality::x86;
#elif defined(__aarch64__)
    constexpr auto kWide = Personality::arm64;
    constexpr auto kNarrow = Personality::arm;
#endif
    if (wanted == Personality::none) return std::optional<unsigned long>();
    if (wanted == kWide) return std::optional<unsigned long>(PER_LINUX);
    if (wanted == kNarrow) return std::optional<unsigned long>(PER_LINUX32);
    return Error("--personality is not one of this processor's");
}

/// box-init looks the command up as we would have. How long a stop may take is boxctl's business.
void put_below_box_init(ProcessPlan& process, const std::vector<std::string>& command) {
    process.candidates = {rootfs::kBoxInit};
    process.arguments = {"box-init", "--stop-timeout=infinity", "--"};
    process.arguments.insert(process.arguments.end(), command.begin(), command.end());
}

}  // namespace

Result<ProcessPlan> plan_process(const settings::Settings& wanted, const host::HostFacts& have,
                                 const host::RootFacts& root, const Plan& plan) {
    ProcessPlan process;
    process.user = root.user;
    process.oom_score_adjust = wanted.exec.oom_score_adjust.value;
    process.processors = wanted.exec.cpu_affinity.value;
    process.personality = BOX_TRY(plan_personality(wanted.exec.personality.value));
    if (plan.ids.has_namespace()) BOX_TRY(check_ids(process.user, plan.ids.count));
    // box-init keeps none, and its children are not PID 1.
    if (!wanted.exec.as_pid2.value && root.services.empty()) process.passed_fds = have.passed_fds;
    Environment environment = plan_environment(wanted, have, root.user, plan, process.passed_fds);
    const std::vector<std::string>& words = wanted.exec.arguments.value;
    const std::string& chdir = wanted.exec.working_directory.value;
    if (!chdir.empty()) process.directory = chdir;
    if (plan.mode == settings::Mode::boot && !root.services.empty()) {
        process.candidates = {rootfs::kBoxInit};
        process.arguments = {"box-init", "--services=" + root.services};
        process.arguments.insert(process.arguments.end(), words.begin(), words.end());
    } else if (plan.mode == settings::Mode::boot) {
        process.candidates = {root.init};
        process.arguments = {root.init};
        process.arguments.insert(process.arguments.end(), words.begin(), words.end());
    } else {
        const bool login = words.empty();
        if (login && chdir.empty()) process.directory = root.user.home;
        if (login) {
            const std::string shell = root.login_shell.empty() ? root.user.shell : root.login_shell;
            process.candidates = {shell};
            process.arguments = {"-" + os::split_path(shell).second};
            environment.set("SHELL", shell);
            // A program that box-init starts has no name of its own, such as "-sh".
            if (wanted.exec.as_pid2.value) put_below_box_init(process, {shell, "-l"});
        } else if (wanted.exec.as_pid2.value) {
            put_below_box_init(process, words);
        } else {
            process.candidates =
                    search_path(words.front(), environment.get("PATH"), process.directory);
            process.arguments = words;
        }
    }
    process.environment = std::move(environment).take();
    return process;
}

}  // namespace boxctl::plan
