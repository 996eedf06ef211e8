// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/devices.h"
#include "lib/cgroup/usage.h"
#include "lib/plan/plan.h"
#include "lib/shell/bind.h"
#include "lib/shell/inspect.h"
#include "lib/state/jobs.h"

namespace boxctl::cmd {
namespace {

std::string boundary_of(const state::Record& record) {
    if (!record.contained) return "none: this box is privileged, its root is root of the host";
    return format("contained: ids 0-%u are %u-%u on the host", record.id_count - 1, record.id_base,
                  record.id_base + record.id_count - 1);
}

std::string terminals_of(const state::Record& record) {
    std::vector<std::string> names;
    for (const auto& [index, fd] : record.terminals) {
        names.push_back(index == 0 ? "console" : format("tty%d", index));
    }
    return join(names, ", ");
}

std::string log_of(const state::Record& record) {
    if (record.log == plan::to_string(plan::ConsoleLog::none)) return {};
    return record.log + ", shown by 'boxctl logs " + record.name + "'";
}

std::string text_of(const state::BindNote& bind) {
    return bind.source + " on " + bind.place + (bind.read_only ? " (read-only)" : "");
}

json::Value json_of(const std::vector<state::BindNote>& binds) {
    json::Value list = json::Value::array();
    for (const state::BindNote& bind : binds) {
        list.push_back(
                {{"source", bind.source}, {"target", bind.place}, {"read_only", bind.read_only}});
    }
    return list;
}

std::string text_of(const state::Job& job) {
    const std::string first = job.pid != 0 ? format("process %d", job.pid)
                                           : std::string("its first process has ended");
    return format("%u: %s, by %s, %s, since %s (%s)", job.number, job.command.c_str(),
                  job.user.c_str(), first.c_str(), date_of(job.started).c_str(),
                  age_of(job.started).c_str());
}

json::Value json_of(const std::vector<state::Job>& jobs) {
    json::Value list = json::Value::array();
    for (const state::Job& job : jobs) {
        list.push_back({{"number", job.number},
                        {"pid", job.pid != 0 ? json::Value(job.pid) : json::Value()},
                        {"started", job.started},
                        {"user", job.user},
                        {"command", job.command}});
    }
    return list;
}

/// What verbs have put into a running box.
std::vector<std::pair<const char*, std::string>> added_to(const state::Record& record) {
    std::vector<std::pair<const char*, std::string>> lines;
    const auto add = [&](const char* title, const auto& list) {
        if (!list) {
            lines.emplace_back(title, "unknown: " + list.error().message());
            return;
        }
        for (const auto& one : *list)
            lines.emplace_back(title, text_of(one));
    };
    add("Bind", shell::binds_of(record));
    add("Job", state::read_jobs(record));
    return lines;
}

std::string frozen_of(const Machine& machine) {
    if (machine.life != Life::running) return {};
    const auto dir = shell::open_cgroup(*machine.record);
    if (!dir || !cgroup::is_frozen(*dir)) return {};
    return "yes, 'boxctl thaw " + machine.name + "' lets it go on";
}

std::optional<uint64_t> count_oom_kills(const Machine& machine) {
    const auto dir = shell::open_cgroup(*machine.record);
    return dir ? cgroup::read_oom_kills(*dir) : std::nullopt;
}

/// Nothing to say where nothing happened.
std::string oom_kills_of(const Machine& machine) {
    const auto kills = count_oom_kills(machine);
    if (kills.value_or(0) == 0) return {};
    return format("%llu, for want of memory", static_cast<unsigned long long>(*kills));
}

/// Nothing of a box that no program of ours watches.
std::optional<Result<std::vector<cgroup::Refusal>>> denied_of(const Machine& machine) {
    if (machine.life != Life::running || !machine.record->devices_restricted) return std::nullopt;
    const auto dir = shell::open_cgroup(*machine.record);
    if (!dir) return dir.error();
    return cgroup::read_refusals(*dir);
}

/// What was denied is said by the box's processes, in a way: they choose what to try, and their
/// names.
std::string text_of(const cgroup::Refusal& refusal) {
    const auto times = static_cast<unsigned long long>(refusal.count);
    return format("%s %u:%u %s, by %s, %llu time%s", refusal.device.block ? "block" : "char",
                  refusal.device.major_number, refusal.device.minor_number.value_or(0),
                  refusal.access.c_str(),
                  refusal.command.empty() ? "-" : quote(refusal.command).c_str(), times,
                  times == 1 ? "" : "s");
}

std::vector<std::string> denied_lines(const Machine& machine) {
    constexpr size_t kMostLines = 10;
    const auto denied = denied_of(machine);
    if (!denied) return {};
    if (!*denied) return {"unknown: " + denied->error().message()};
    std::vector<std::string> lines;
    for (const cgroup::Refusal& refusal : **denied) {
        if (lines.size() == kMostLines) {
            lines.push_back(
                    format("and %zu more, shown by --json", (*denied)->size() - kMostLines));
            break;
        }
        lines.push_back(text_of(refusal));
    }
    return lines;
}

json::Value json_of(const std::vector<cgroup::Refusal>& denied) {
    json::Value list = json::Value::array();
    for (const cgroup::Refusal& refusal : denied) {
        list.push_back({{"type", refusal.device.block ? "block" : "char"},
                        {"major", refusal.device.major_number},
                        {"minor", refusal.device.minor_number.value_or(0)},
                        {"access", refusal.access},
                        {"command",
                         refusal.command.empty() ? json::Value() : json::Value(refusal.command)},
                        {"count", refusal.count}});
    }
    return list;
}

std::string text_of(const Machine& machine) {
    std::string text = printable(machine.name) + "\n";
    const auto line = [&](const char* title, const std::string& value) {
        if (!value.empty()) text += format("%12s: ", title) + printable(value) + "\n";
    };
    if (!machine.record) {
        line("State", state_word(machine));
        line("Fault", machine.fault);
        return text;
    }
    const state::Record& record = *machine.record;
    line("State", machine.life == Life::running
                          ? format("%s since %s (%s)", record.phase.c_str(),
                                   date_of(record.started).c_str(), age_of(record.started).c_str())
                          : state_word(machine));
    if (machine.life == Life::running) {
        line("Ready",
             (record.ready ? "yes" : "not yet") + std::string(", by --ready=") + record.ready_rule);
    }
    line("Status", record.status);
    line("Root", record.root);
    line("System", shell::distribution_of(record));
    line(record.mode == "boot" ? "Init" : "Command",
         record.mode == "boot" ? record.init + " (" + record.init_kind + ")" : record.init);
    line("Boundary", boundary_of(record));
    line("Namespaces", join(shell::namespaces_of(record), " "));
    line("UUID", record.uuid);
    if (machine.life == Life::running) {
        line("Leader", std::to_string(record.leader.pid));
        line("Supervisor", std::to_string(record.supervisor.pid));
        const auto processes = shell::count_processes(record);
        if (processes) line("Processes", std::to_string(*processes));
    }
    line("Cgroup", record.cgroup);
    line("Frozen", frozen_of(machine));
    line("OOM kills", oom_kills_of(machine));
    for (const std::string& denied : denied_lines(machine))
        line("Denied", denied);
    line("Unit", record.unit);
    line("Network", record.host_link);
    line("Terminals", terminals_of(record));
    if (machine.life == Life::running) {
        for (const auto& [title, value] : added_to(record))
            line(title, value);
    }
    line("Log", log_of(record));
    for (const std::string& note : record.notes)
        line("Note", note);
    return text;
}

json::Value json_of(const Machine& machine) {
    json::Value value = {{"name", machine.name}, {"state", state_word(machine)}};
    if (!machine.record) return value;
    const state::Record& record = *machine.record;
    json::Value terminals = json::Value::array();
    for (const auto& [index, fd] : record.terminals)
        terminals.push_back(index);
    value["ready"] = machine.life == Life::running && record.ready;
    value["ready_rule"] = record.ready_rule;
    value["status"] = record.status;
    value["mode"] = record.mode;
    value["root"] = record.root;
    value["system"] = shell::distribution_of(record);
    value["uuid"] = record.uuid;
    value["init"] = record.init;
    value["init_kind"] = record.init_kind;
    value["contained"] = record.contained;
    value["id_base"] = record.id_base;
    value["id_count"] = record.id_count;
    value["namespaces"] = shell::namespaces_of(record);
    value["leader"] = record.leader.pid;
    value["supervisor"] = record.supervisor.pid;
    value["started"] = record.started;
    value["cgroup"] = record.cgroup;
    value["unit"] = record.unit;
    const auto processes = shell::count_processes(record);
    value["processes"] = processes ? json::Value(*processes) : json::Value();
    value["frozen"] = !frozen_of(machine).empty();
    const auto kills = count_oom_kills(machine);
    value["oom_kills"] = kills ? json::Value(*kills) : json::Value();
    const auto denied = denied_of(machine);
    value["denied_devices"] = denied && *denied ? json_of(**denied) : json::Value();
    value["host_link"] = record.host_link;
    value["terminals"] = terminals;
    const bool runs = machine.life == Life::running;
    const auto binds = runs ? shell::binds_of(record) : std::vector<state::BindNote>();
    value["binds"] = binds ? json_of(*binds) : json::Value();
    const auto jobs = runs ? state::read_jobs(record) : std::vector<state::Job>();
    value["jobs"] = jobs ? json_of(*jobs) : json::Value();
    value["log"] = record.log;
    value["notes"] = record.notes;
    return value;
}

int exit_status(Life life) {
    switch (life) {
        case Life::unknown:
            return kUnknownStatus;
        case Life::dead:
            return kDeadStatus;
        case Life::starting:
        case Life::running:
            break;
    }
    return 0;
}

}  // namespace

int verb_status(const Invocation& invocation) {
    const auto machine = look_up(invocation.words.front());
    if (!machine) return fail(machine.error());
    if (machine->life == Life::unknown) {
        log::error(unknown_machine(machine->name).message());
        return kUnknownStatus;
    }
    const int printed =
            print(invocation.has("json") ? json_lines(json_of(*machine)) : text_of(*machine));
    return printed != 0 ? printed : exit_status(machine->life);
}

}  // namespace boxctl::cmd
