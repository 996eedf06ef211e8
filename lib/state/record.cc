// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/record.h"

#include "lib/base/text.h"
#include "lib/json/json.h"

namespace boxctl::state {
namespace {

using json::Value;

constexpr uint64_t kVersion = 1;

Value request_value(const Request& request) {
    return Value{{"signal", request.signal}, {"command", request.command}};
}

Value identity_value(const ProcessIdentity& identity) {
    return Value{{"pid", identity.pid}, {"start_time", identity.start_time}};
}

Result<std::vector<std::string>> get_strings(const Value& object, const char* key) {
    std::vector<std::string> strings;
    for (const Value& item : *BOX_TRY(json::get_array(object, key))) {
        if (!item.is_string())
            return Error(std::string("'") + key + "' holds something else than text");
        strings.push_back(item.get<std::string>());
    }
    return strings;
}

Result<Request> get_request(const Value& object, const char* key) {
    const Value& value = *BOX_TRY(json::get_object(object, key));
    Request request;
    const uint64_t signal = BOX_TRY(json::get_u64(value, "signal"));
    if (signal > 64) return Error(std::string("'") + key + "' names no signal");
    request.signal = static_cast<int>(signal);
    request.command = BOX_TRY(get_strings(value, "command"));
    return request;
}

Result<ProcessIdentity> get_identity(const Value& object, const char* key) {
    const Value& value = *BOX_TRY(json::get_object(object, key));
    ProcessIdentity identity;
    const uint64_t pid = BOX_TRY(json::get_u64(value, "pid"));
    if (pid > INT32_MAX) return Error(std::string("'") + key + "' names no process");
    identity.pid = static_cast<pid_t>(pid);
    identity.start_time = BOX_TRY(json::get_u64(value, "start_time"));
    return identity;
}

Result<std::vector<std::pair<int, int>>> get_terminals(const Value& object) {
    std::vector<std::pair<int, int>> terminals;
    for (const Value& item : *BOX_TRY(json::get_array(object, "terminals"))) {
        const uint64_t index = BOX_TRY(json::get_u64(item, "index"));
        const uint64_t fd = BOX_TRY(json::get_u64(item, "fd"));
        if (index > 64 || fd > INT32_MAX) return Error("'terminals' holds an impossible number");
        terminals.emplace_back(static_cast<int>(index), static_cast<int>(fd));
    }
    return terminals;
}

Result<uint32_t> get_u32(const Value& object, const char* key) {
    const uint64_t value = BOX_TRY(json::get_u64(object, key));
    if (value > UINT32_MAX) return Error(std::string("'") + key + "' is too large");
    return static_cast<uint32_t>(value);
}

/// Members that the first records did not have: left out by an older boxctl they keep their
/// default, so that a newer one can look after the boxes of an older (reload).
Result<void> get_later_members(const Value& object, Record& record) {
    if (json::find(object, "console_output") != nullptr) {
        const uint32_t output = BOX_TRY(get_u32(object, "console_output"));
        if (output != 1 && output != 2) return Error("'console_output' is neither 1 nor 2");
        record.console_output = static_cast<int>(output);
    }
    if (json::find(object, "log") != nullptr) {
        record.log = BOX_TRY(json::get_string(object, "log"));
    }
    if (json::find(object, "registration") != nullptr) {
        record.registration = BOX_TRY(json::get_string(object, "registration"));
    }
    if (json::find(object, "stop_timeout") != nullptr) {
        record.stop_timeout = BOX_TRY(get_u32(object, "stop_timeout"));
    }
    if (json::find(object, "ready") != nullptr) {
        record.ready = BOX_TRY(json::get_bool(object, "ready"));
        record.ready_rule = BOX_TRY(json::get_string(object, "ready_rule"));
        record.status = BOX_TRY(json::get_string(object, "status"));
    }
    if (json::find(object, "reloads") != nullptr) {
        record.reloads = BOX_TRY(get_u32(object, "reloads"));
    }
    // As boxes were before it could be asked otherwise.
    record.map_owners = record.contained;
    if (json::find(object, "map_owners") != nullptr) {
        record.map_owners = BOX_TRY(json::get_bool(object, "map_owners"));
    }
    if (json::find(object, "reload_failure") != nullptr) {
        record.reload_failure = BOX_TRY(json::get_string(object, "reload_failure"));
    }
    if (json::find(object, "system_calls") != nullptr) {
        record.system_calls = BOX_TRY(get_strings(object, "system_calls"));
        record.address_families = BOX_TRY(json::get_string(object, "address_families"));
    }
    if (json::find(object, "devices_restricted") != nullptr) {
        record.devices_restricted = BOX_TRY(json::get_bool(object, "devices_restricted"));
    }
    return {};
}

}  // namespace

std::string to_json(const Record& record) {
    Value terminals = Value::array();
    for (const auto& [index, fd] : record.terminals)
        terminals.push_back({{"index", index}, {"fd", fd}});
    const Value value = {
            {"version", kVersion},
            {"name", record.name},
            {"mode", record.mode},
            {"phase", record.phase},
            {"root", record.root},
            {"uuid", record.uuid},
            {"init", record.init},
            {"init_kind", record.init_kind},
            {"contained", record.contained},
            {"user_namespace", record.user_namespace},
            {"map_owners", record.map_owners},
            {"namespaces", record.namespaces},
            {"capabilities", record.capabilities},
            {"no_new_privileges", record.no_new_privileges},
            {"system_calls", record.system_calls},
            {"address_families", record.address_families},
            {"id_base", record.id_base},
            {"id_count", record.id_count},
            {"supervisor", identity_value(record.supervisor)},
            {"leader", identity_value(record.leader)},
            {"started", record.started},
            {"cgroup", record.cgroup},
            {"devices_restricted", record.devices_restricted},
            {"unit", record.unit},
            {"console", record.console},
            {"console_output", record.console_output},
            {"log", record.log},
            {"terminals", terminals},
            {"host_link", record.host_link},
            {"poweroff", request_value(record.poweroff)},
            {"reboot", request_value(record.reboot)},
            {"stop_timeout", record.stop_timeout},
            {"ready", record.ready},
            {"registration", record.registration},
            {"ready_rule", record.ready_rule},
            {"status", record.status},
            {"reloads", record.reloads},
            {"reload_failure", record.reload_failure},
            {"notes", record.notes},
    };
    return json::to_text(value) + "\n";
}

Result<Record> from_json(std::string_view text) {
    const Value value = BOX_TRY(json::parse(text));
    if (BOX_TRY(json::get_u64(value, "version")) != kVersion) {
        return Error("the state was written by another version of boxctl");
    }
    Record record;
    record.name = BOX_TRY(json::get_string(value, "name"));
    record.mode = BOX_TRY(json::get_string(value, "mode"));
    record.phase = BOX_TRY(json::get_string(value, "phase"));
    record.root = BOX_TRY(json::get_string(value, "root"));
    record.uuid = BOX_TRY(json::get_string(value, "uuid"));
    record.init = BOX_TRY(json::get_string(value, "init"));
    record.init_kind = BOX_TRY(json::get_string(value, "init_kind"));
    record.contained = BOX_TRY(json::get_bool(value, "contained"));
    record.user_namespace = BOX_TRY(json::get_bool(value, "user_namespace"));
    record.namespaces = BOX_TRY(json::get_u64(value, "namespaces"));
    record.capabilities = BOX_TRY(json::get_u64(value, "capabilities"));
    record.no_new_privileges = BOX_TRY(json::get_bool(value, "no_new_privileges"));
    record.id_base = BOX_TRY(get_u32(value, "id_base"));
    record.id_count = BOX_TRY(get_u32(value, "id_count"));
    record.supervisor = BOX_TRY(get_identity(value, "supervisor"));
    record.leader = BOX_TRY(get_identity(value, "leader"));
    record.started = BOX_TRY(json::get_u64(value, "started"));
    record.cgroup = BOX_TRY(json::get_string(value, "cgroup"));
    record.unit = BOX_TRY(json::get_string(value, "unit"));
    record.console = BOX_TRY(json::get_string(value, "console"));
    record.terminals = BOX_TRY(get_terminals(value));
    record.host_link = BOX_TRY(json::get_string(value, "host_link"));
    record.poweroff = BOX_TRY(get_request(value, "poweroff"));
    record.reboot = BOX_TRY(get_request(value, "reboot"));
    record.notes = BOX_TRY(get_strings(value, "notes"));
    BOX_TRY(get_later_members(value, record));
    return record;
}

}  // namespace boxctl::state
