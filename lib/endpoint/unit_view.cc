// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/unit_view.h"

#include <signal.h>

#include "lib/base/text.h"

namespace boxctl::endpoint {
namespace {

constexpr std::string_view kUnitFolder = "/org/freedesktop/systemd1/unit/";

bool is_plain(char c, bool first) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9' && !first);
}

int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// CLD_EXITED and its kin, as waitid(2) tells; 0: it has not ended.
int32_t exit_code_of(const Unit& unit) {
    if (!unit.status()) return 0;
    return unit.status()->signal != 0 ? CLD_KILLED : CLD_EXITED;
}

int32_t exit_status_of(const Unit& unit) {
    if (!unit.status()) return 0;
    return unit.status()->signal != 0 ? unit.status()->signal : unit.status()->code;
}

void add_run(Properties& properties, const Unit& unit, const std::string& cgroup) {
    const bool runs = unit.state() == Unit::State::running;
    const Unit::Moment& begun = unit.begun();
    const Unit::Moment& ended = unit.ended();
    properties.insert(
            properties.end(),
            {
                    {"Result", std::string(unit.result())},
                    {"Type", std::string(unit.request().oneshot ? "oneshot" : "simple")},
                    {"MainPID", runs ? static_cast<uint32_t>(unit.pid()) : 0U},
                    {"ControlPID", uint32_t{0}},
                    {"ExecMainPID", static_cast<uint32_t>(unit.pid())},
                    {"ExecMainCode", exit_code_of(unit)},
                    {"ExecMainStatus", exit_status_of(unit)},
                    {"ExecMainStartTimestamp", begun.realtime},
                    {"ExecMainStartTimestampMonotonic", begun.monotonic},
                    {"ExecMainExitTimestamp", ended.realtime},
                    {"ExecMainExitTimestampMonotonic", ended.monotonic},
                    {"InactiveExitTimestamp", begun.realtime},
                    {"InactiveExitTimestampMonotonic", begun.monotonic},
                    {"ActiveEnterTimestamp", begun.realtime},
                    {"ActiveEnterTimestampMonotonic", begun.monotonic},
                    {"ActiveExitTimestamp", ended.realtime},
                    {"ActiveExitTimestampMonotonic", ended.monotonic},
                    {"InactiveEnterTimestamp", ended.realtime},
                    {"InactiveEnterTimestampMonotonic", ended.monotonic},
                    {"RemainAfterExit", unit.request().remain_after_exit},
                    {"KillMode", std::string(to_string(unit.request().kill_mode))},
                    {"ControlGroup", unit.leaf().empty() ? cgroup : cgroup + "/" + unit.leaf()},
            });
}

}  // namespace

std::string unit_path(std::string_view name) {
    std::string path(kUnitFolder);
    for (size_t i = 0; i < name.size(); i++) {
        if (is_plain(name[i], i == 0)) {
            path += name[i];
        } else {
            path += format("_%02x", static_cast<unsigned char>(name[i]));
        }
    }
    return path;
}

std::string unit_name(std::string_view path) {
    if (!path.starts_with(kUnitFolder)) return {};
    path.remove_prefix(kUnitFolder.size());
    std::string name;
    for (size_t i = 0; i < path.size(); i++) {
        const int high = path[i] == '_' && i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(path[i + 2]) : -1;
        if (low >= 0) {
            name += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            name += path[i];
        }
    }
    return name;
}

std::string job_path(uint32_t number) {
    return number == 0 ? "/" : format("/org/freedesktop/systemd1/job/%u", number);
}

UnitView view_of(const Unit& unit, const JobValue& job) {
    UnitView view;
    view.name = unit.request().name;
    view.description = unit.request().description.empty() ? view.name : unit.request().description;
    view.job = job;
    switch (unit.state()) {
        case Unit::State::starting:
            view.active_state = "activating";
            view.sub_state = "start";
            break;
        case Unit::State::running:
            view.active_state = unit.request().oneshot ? "activating" : "active";
            view.sub_state = unit.request().oneshot ? "start" : "running";
            break;
        case Unit::State::exited:
            view.active_state = "active";
            view.sub_state = "exited";
            break;
        case Unit::State::stopping:
            view.active_state = "deactivating";
            view.sub_state = "stop-sigterm";
            break;
        case Unit::State::dead:
            view.active_state = unit.failed() ? "failed" : "inactive";
            view.sub_state = unit.failed() ? "failed" : "dead";
            break;
    }
    return view;
}

Properties unit_properties(const UnitView& view, const Unit* unit, const std::string& invocation,
                           const std::string& cgroup) {
    Properties properties = {
            {"Id", view.name},
            {"Names", std::vector<std::string>{view.name}},
            {"Following", std::string()},
            {"Description", view.description},
            {"LoadState", view.load_state},
            {"ActiveState", view.active_state},
            {"SubState", view.sub_state},
            {"FragmentPath", std::string()},
            {"SourcePath", std::string()},
            {"DropInPaths", std::vector<std::string>{}},
            {"TriggeredBy", std::vector<std::string>{}},
            {"Triggers", std::vector<std::string>{}},
            {"Documentation", std::vector<std::string>{}},
            {"UnitFileState", std::string()},
            {"UnitFilePreset", std::string()},
            {"NeedDaemonReload", false},
            {"CanStart", true},
            {"CanStop", true},
            {"CanReload", false},
            {"CanFreeze", false},
            {"Transient", unit != nullptr},
            {"Job", view.job},
            {"InvocationID", Bytes{invocation}},
            {"StatusText", std::string()},
            {"StatusErrno", int32_t{0}},
            {"NRestarts", uint32_t{0}},
    };
    if (unit != nullptr) add_run(properties, *unit, cgroup);
    return properties;
}

void write_list_entry(dbus::Writer& writer, const UnitView& view) {
    writer.structure();
    writer.string(view.name).string(view.description).string(view.load_state);
    writer.string(view.active_state).string(view.sub_state).string("");
    writer.string(unit_path(view.name)).u32(view.job.number);
    writer.string(view.job.number == 0 ? "" : "start").string(view.job.path);
}

}  // namespace boxctl::endpoint
