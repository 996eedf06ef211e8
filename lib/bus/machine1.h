// SPDX-License-Identifier: LGPL-2.1-or-later
// Machine1: the calls we make to systemd-machined (org.freedesktop.machine1(5)), alike in 252 to
// 262. They are made here and sent by whoever has the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/bus/connection.h"

namespace boxctl::bus {

constexpr const char* kMachined = "org.freedesktop.machine1";
constexpr const char* kMachinedVarlink = "/run/systemd/machine/io.systemd.Machine";
/// What `machinectl list` shows in its column SERVICE.
constexpr const char* kService = "boxctl";

struct MachineRequest {
    std::string name;
    std::vector<uint8_t> id;          ///< 16 bytes
    pid_t leader = 0;                 ///< its unit is the one that this process is in
    std::string root;                 ///< absolute path on the host
    std::vector<int32_t> interfaces;  ///< the host's ends of its cables, by index
};

/// Calls back whenever there is another machined: one that has just been started, or restarted.
Result<Slot> match_new_machined(Connection& connection, std::function<void()> started);
/// Calls back when machined has forgotten the machine, whoever wanted that.
Result<Slot> match_removed(Connection& connection, const std::string& name,
                           std::function<void()> removed);

/// Answered with the machine's object. EEXIST when there is a machine of that name.
Result<Message> make_register(Connection& connection, const MachineRequest& machine);
/// ENOENT when there is none.
Result<Message> make_unregister(Connection& connection, const std::string& name);
/// Answered with the machine's object. ENOENT when there is none.
Result<Message> make_find(Connection& connection, const std::string& name);

/// For the process that stands for the machine behind an object path.
Result<Message> make_ask_leader(Connection& connection, const std::string& object);
Result<pid_t> read_leader(Message& answer);

}  // namespace boxctl::bus
