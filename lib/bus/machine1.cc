// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/machine1.h"

namespace boxctl::bus {
namespace {

Address manager() {
    return {kMachined, "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager"};
}

}  // namespace

Result<Slot> match_new_machined(Connection& connection, std::function<void()> started) {
    const Address bus = {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"};
    const auto heard = [started = std::move(started)](Message& signal) {
        const auto name = signal.read_text();
        const auto before = signal.read_text();
        const auto now = signal.read_text();
        if (name && before && now && !now->empty()) started();
    };
    return connection.match_first(bus, "NameOwnerChanged", kMachined, heard);
}

Result<Slot> match_removed(Connection& connection, const std::string& name,
                           std::function<void()> removed) {
    return connection.match_first(manager(), "MachineRemoved", name,
                                  [removed = std::move(removed)](Message&) { removed(); });
}

Result<Message> make_register(Connection& connection, const MachineRequest& machine) {
    Message call = BOX_TRY(connection.make_call(manager(), "RegisterMachineWithNetwork"));
    call.put_text(machine.name).put_bytes(machine.id).put_text(kService).put_text("container");
    call.put_uint32(static_cast<uint32_t>(machine.leader)).put_text(machine.root);
    call.put_int32s(machine.interfaces);
    return call;
}

Result<Message> make_unregister(Connection& connection, const std::string& name) {
    Message call = BOX_TRY(connection.make_call(manager(), "UnregisterMachine"));
    call.put_text(name);
    return call;
}

Result<Message> make_find(Connection& connection, const std::string& name) {
    Message call = BOX_TRY(connection.make_call(manager(), "GetMachine"));
    call.put_text(name);
    return call;
}

Result<Message> make_ask_leader(Connection& connection, const std::string& object) {
    const Address properties = {kMachined, object, "org.freedesktop.DBus.Properties"};
    Message call = BOX_TRY(connection.make_call(properties, "Get"));
    call.put_text("org.freedesktop.machine1.Machine").put_text("Leader");
    return call;
}

Result<pid_t> read_leader(Message& answer) {
    BOX_TRY(answer.enter_variant("u"));
    return static_cast<pid_t>(BOX_TRY(answer.read_uint32()));
}

}  // namespace boxctl::bus
