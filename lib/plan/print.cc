// SPDX-License-Identifier: LGPL-2.1-or-later
// Plans as text and as JSON. The text is what golden tests compare: one fact a line, no addresses,
// no clock, nothing that differs from run to run but what the facts say.
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/plan/plan.h"
#include "lib/security/address_families.h"
#include "lib/security/capability.h"
#include "lib/security/seccomp.h"
#include "lib/settings/values.h"

namespace boxctl::plan {
namespace {

std::string describe(const userns::IdPlan& ids) {
    switch (ids.kind) {
        case userns::IdPlan::Kind::host:
            return "the host's own (privileged box, no boundary)";
        case userns::IdPlan::Kind::identity:
            return format("0..%u -> themselves (privileged box, no boundary)", ids.count - 1);
        case userns::IdPlan::Kind::pick:
            return format("0..%u -> a free range, %u if it is free", ids.count - 1,
                          userns::first_candidate(ids.seed));
        case userns::IdPlan::Kind::fixed:
            return format("0..%u -> %u..%llu", ids.count - 1, ids.base,
                          static_cast<unsigned long long>(ids.base) + ids.count - 1);
    }
    return {};
}

std::vector<std::string> names(const NamespacePlan& plan) {
    std::vector<std::string> names = {"mount", "pid"};
    if (plan.user) names.emplace_back("user");
    if (plan.network) names.emplace_back("network");
    if (plan.ipc) names.emplace_back("ipc");
    if (plan.uts) names.emplace_back("uts");
    if (plan.cgroup) names.emplace_back("cgroup");
    if (plan.time)
        names.emplace_back(plan.clocks_from_zero ? "time (clocks start at zero)" : "time");
    return names;
}

std::string describe(const ConsolePlan& console) {
    std::string text = to_string(console.mode);
    if (console.mode == ConsoleMode::pipe && console.terminal) text += ", a terminal for the rest";
    for (const int tty : console.ttys)
        text += format(" tty%d", tty);
    return text;
}

std::string describe(const security::FilterView& filter) {
    return format("%s (%u instructions)", filter.name, filter.length);
}

std::vector<std::string> own_filter_names(const SecurityPlan& plan) {
    const auto filters = plan.own_filters(plan.capabilities);
    if (!filters) return {filters.error().text()};  // make_plan() lets no such plan through
    std::vector<std::string> names = {format("own (%zu instructions)", filters->main.size())};
    if (plan.suppress_sync) names.push_back(describe(security::suppress_sync_filter()));
    if (!filters->last.empty()) {
        names.push_back(format("last of all own (%zu instructions)", filters->last.size()));
    }
    return names;
}

std::vector<std::string> filter_names(const SecurityPlan& plan) {
    if (plan.has_own_filter()) return own_filter_names(plan);
    std::vector<security::FilterView> filters = security::default_filters(plan.capabilities);
    if (plan.suppress_sync) filters.push_back(security::suppress_sync_filter());
    std::vector<std::string> names;
    names.reserve(filters.size());
    for (const security::FilterView& filter : filters) {
        names.push_back(describe(filter));
    }
    return names;
}

std::string describe(const SecurityPlan& plan) {
    return "seccomp " + join(filter_names(plan), ", ") +
           (plan.no_new_privileges ? ", no_new_privs" : "");
}

std::string limits_text(const SecurityPlan& plan) {
    std::vector<std::string> limits;
    for (const security::ResourceLimit& limit : plan.limits)
        limits.push_back(security::describe(limit));
    return join(limits, " ");
}

/// What the first process inherits beyond limits and rights.
std::vector<std::string> attributes_of(const ProcessPlan& process) {
    std::vector<std::string> lines;
    if (!process.passed_fds.empty()) {
        lines.push_back("descriptors from 3 on: " + printable(join(process.passed_fds, " ")));
    }
    if (process.oom_score_adjust) {
        lines.push_back("OOM score " + std::to_string(*process.oom_score_adjust));
    }
    if (!process.processors.empty()) {
        lines.push_back("processors " + settings::write_cpu_affinity(process.processors));
    }
    if (process.personality) lines.push_back(format("personality %#lx", *process.personality));
    return lines;
}

std::string describe(const settings::ReadyRule& rule) {
    using Kind = settings::ReadyRule::Kind;
    switch (rule.kind) {
        case Kind::automatic:
        case Kind::started:
            return "when it is started";
        case Kind::notify:
            return "when PID 1 says so";
        case Kind::tcp:
            return format("when port %u of its loopback accepts connections", unsigned{rule.port});
        case Kind::socket:
            return "when " + quote(rule.text) + " in it accepts connections";
        case Kind::file:
            return "when " + quote(rule.text) + " exists in it";
        case Kind::log:
            return "when a line on its console matches " + quote(rule.text);
        case Kind::exec:
            return "when " + quote(rule.text) + " succeeds in it";
    }
    return {};
}

std::string quoted_words(const std::vector<std::string>& words) {
    std::vector<std::string> quoted;
    for (const std::string& word : words) {
        const bool plain = !word.empty() && word.find_first_of(" \t'\"\\") == std::string::npos;
        quoted.push_back(plain ? printable(word) : quote(word));
    }
    return join(quoted, " ");
}

std::string user_text(const host::UserEntry& user) {
    std::string text = format("%s (%u:%u)", printable(user.name).c_str(), user.uid, user.gid);
    for (const gid_t group : user.groups)
        text += format(" +%u", group);
    return text;
}

}  // namespace

const char* to_string(Registration registration) {
    switch (registration) {
        case Registration::no:
            return "no";
        case Registration::if_possible:
            return "if-possible";
        case Registration::required:
            return "required";
    }
    return "";
}

const char* to_string(ConsoleMode mode) {
    switch (mode) {
        case ConsoleMode::interactive:
            return "interactive";
        case ConsoleMode::read_only:
            return "read-only";
        case ConsoleMode::passive:
            return "passive";
        case ConsoleMode::pipe:
            return "pipe";
    }
    return "";
}

const char* to_string(ConsoleLog log) {
    switch (log) {
        case ConsoleLog::none:
            return "none";
        case ConsoleLog::file:
            return "file";
        case ConsoleLog::journal:
            return "journal";
    }
    return "";
}

std::string print_plan(const Plan& plan) {
    std::string text;
    const auto line = [&](const char* key, const std::string& value) {
        text += format("%-10s ", key) + value + "\n";
    };
    line("machine", plan.name + "  " + plan.uuid);
    line("hostname", plan.hostname.empty() ? "the host's" : printable(plan.hostname));
    line("ids", describe(plan.ids));
    line("namespaces", join(names(plan.namespaces), " "));
    line("root", rootfs::describe(plan.mounts.root));
    for (size_t i = 0; i < plan.mounts.ops.size(); i++) {
        line(format("mount %zu", i + 1).c_str(), rootfs::describe(plan.mounts.ops[i]));
    }
    line("network", net::describe(plan.network));
    line("cgroup", cgroup::describe(plan.cgroup));
    if (plan.devices.restricted) line("devices", cgroup::describe(plan.devices));
    line("caps", security::describe_capabilities(plan.security.capabilities));
    if (plan.security.ambient != 0) {
        line("ambient", security::describe_capabilities(plan.security.ambient));
    }
    line("security", describe(plan.security));
    for (const std::string& calls : security::describe(plan.security.calls))
        line("calls", calls);
    if (plan.security.families) {
        line("families", security::describe_families(*plan.security.families));
    }
    line("limits", limits_text(plan.security));
    line("console", describe(plan.console));
    if (plan.console.log != ConsoleLog::none) line("log", to_string(plan.console.log));
    line("execute", join(plan.process.candidates, " or "));
    line("arguments", quoted_words(plan.process.arguments));
    line("user", user_text(plan.process.user));
    line("directory", printable(plan.process.directory));
    for (const std::string& attribute : attributes_of(plan.process))
        line("attribute", attribute);
    for (const std::string& variable : plan.process.environment)
        line("env", printable(variable));
    line("stop", describe(plan.stop.poweroff) + ", reboot " + describe(plan.stop.reboot) +
                         (plan.stop.timeout == settings::kNoTimeout
                                  ? std::string(", no time limit")
                                  : format(", killed after %u s", plan.stop.timeout)));
    if (plan.registration != Registration::no) line("registers", to_string(plan.registration));
    // There is nothing to do for a box that is ready once it is started.
    if (plan.ready.kind != settings::ReadyRule::Kind::started) line("ready", describe(plan.ready));
    line("lock", plan.lock.path + (plan.lock.shared ? " shared" : ""));
    if (!plan.propagation.empty()) {
        line("propagate",
             plan.propagation + (plan.share_propagation ? " (made a shared mount)" : ""));
    }
    for (const std::string& value : plan.from_files)
        line("setting", value);
    for (const std::string& note : plan.notes)
        line("note", note);
    return text;
}

std::string print_plan_json(const Plan& plan) {
    using json::Value;
    Value mounts = Value::array();
    for (const rootfs::MountOp& op : plan.mounts.ops) {
        mounts.push_back(
                {{"target", op.target}, {"operation", rootfs::describe(op)}, {"why", op.why}});
    }
    Value limits = Value::array();
    for (const security::ResourceLimit& limit : plan.security.limits) {
        limits.push_back(security::describe(limit));
    }
    const Value value = {
            {"machine", plan.name},
            {"uuid", plan.uuid},
            {"hostname", plan.hostname},
            {"contained", plan.contained()},
            {"ids", describe(plan.ids)},
            {"namespaces", names(plan.namespaces)},
            {"root", rootfs::describe(plan.mounts.root)},
            {"mounts", mounts},
            {"network", net::describe(plan.network)},
            {"cgroup", cgroup::describe(plan.cgroup)},
            {"devices", plan.devices.restricted ? Value(cgroup::describe(plan.devices)) : Value()},
            {"capabilities", security::describe_capabilities(plan.security.capabilities)},
            {"seccomp", filter_names(plan.security)},
            {"system_calls", security::describe(plan.security.calls)},
            {"address_families", plan.security.families
                                         ? security::describe_families(*plan.security.families)
                                         : "default"},
            {"ambient", security::describe_capabilities(plan.security.ambient)},
            {"no_new_privileges", plan.security.no_new_privileges},
            {"limits", limits},
            {"console", to_string(plan.console.mode)},
            {"log", to_string(plan.console.log)},
            {"ttys", plan.console.ttys},
            {"execute", plan.process.candidates},
            {"arguments", plan.process.arguments},
            {"environment", plan.process.environment},
            {"user",
             {{"name", plan.process.user.name},
              {"uid", plan.process.user.uid},
              {"gid", plan.process.user.gid}}},
            {"directory", plan.process.directory},
            {"attributes", attributes_of(plan.process)},
            {"poweroff", describe(plan.stop.poweroff)},
            {"reboot", describe(plan.stop.reboot)},
            {"stop_timeout", plan.stop.timeout},
            {"ready", settings::write_ready(plan.ready)},
            {"register", to_string(plan.registration)},
            {"settings_from_files", plan.from_files},
            {"notes", plan.notes},
    };
    return json::to_text(value, json::Layout::pretty) + "\n";
}

}  // namespace boxctl::plan
