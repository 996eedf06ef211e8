// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/table.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

namespace boxctl::cmd {
namespace {

std::string ids_of(const state::Record& record) {
    return record.contained ? format("%u+%u", record.id_base, record.id_count) : "privileged";
}

Table::Row row_of(const Machine& machine) {
    Table::Row row = {printable(machine.name), "-", state_word(machine), "-", "-", "-", "-"};
    if (!machine.record) return row;
    const state::Record& record = *machine.record;
    row[1] = printable(record.mode);
    row[3] = printable(record.mode == "boot" ? record.init_kind : record.init);
    row[4] = ids_of(record);
    row[5] = age_of(record.started);
    row[6] = printable(record.root);
    return row;
}

json::Value json_of(const Machine& machine) {
    json::Value value = {{"name", machine.name}, {"state", state_word(machine)}};
    if (!machine.record) return value;
    const state::Record& record = *machine.record;
    value["mode"] = record.mode;
    value["init"] = record.init;
    value["init_kind"] = record.init_kind;
    value["contained"] = record.contained;
    value["id_base"] = record.id_base;
    value["id_count"] = record.id_count;
    value["leader"] = record.leader.pid;
    value["supervisor"] = record.supervisor.pid;
    value["started"] = record.started;
    value["root"] = record.root;
    return value;
}

}  // namespace

int verb_list(const Invocation& invocation) {
    const auto machines = all_machines();
    if (!machines) return fail(machines.error());
    if (invocation.has("json")) {
        json::Value all = json::Value::array();
        for (const Machine& machine : *machines)
            all.push_back(json_of(machine));
        return print(json_lines(all));
    }
    Table table({"NAME", "MODE", "STATE", "INIT", "IDS", "AGE", "ROOT"});
    bool any_dead = false;
    for (const Machine& machine : *machines) {
        table.add(row_of(machine));
        any_dead = any_dead || machine.life == Life::dead;
    }
    const int status = print(table.text());
    if (any_dead) log::notice("'boxctl cleanup' removes what the dead machines left");
    return status;
}

}  // namespace boxctl::cmd
