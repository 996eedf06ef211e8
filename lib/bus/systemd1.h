// SPDX-License-Identifier: LGPL-2.1-or-later
// Systemd1: the calls we make to systemd (org.freedesktop.systemd1(5)), alike in 252 to 262.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/bus/connection.h"
#include "lib/bus/property.h"

namespace boxctl::bus {

/// A connection over the system bus if `bus`, else, or when that is not there, if `manager` over
/// systemd's own socket.
Result<std::unique_ptr<Connection>> reach_systemd(bool bus, bool manager);

struct ScopeRequest {
    std::string unit;
    std::vector<Property> properties;
    std::vector<Property> newer;  ///< left out when systemd knows one of them not
    pid_t pid = 0;                ///< the process it is made around
    os::BorrowedFd pidfd{-1};     ///< of the same; used where systemd takes it
    /// Looks whether the process is in it: a systemd that executes itself anew may not say so.
    std::function<bool()> started;
};

/// Makes a transient scope and waits until the process is in it (25 s, ETIME). EEXIST when there is
/// a unit of that name.
Result<void> start_scope(Connection& connection, const ScopeRequest& request);

/// Stops a unit and waits for the end of that (25 s, ETIME). ENOENT when it is not loaded.
Result<void> stop_unit(Connection& connection, const std::string& unit);

/// The cgroup of a unit, "/machine.slice/x.scope"; empty: it has none. ENOENT when not loaded.
Result<std::string> cgroup_of(Connection& connection, const std::string& unit);

/// What DeviceAllow= of a unit names, as it is in force: device and access. ENOENT when not loaded.
Result<TextPairs> devices_of(Connection& connection, const std::string& unit);

/// For systemd's version, to be sent by whoever has the loop: "257.13-1~deb13u1".
Result<Message> make_ask_version(Connection& connection);
Result<std::string> read_version(Message& answer);

/// Changes properties of a unit, all or none, for now and, without `runtime`, for later starts too.
Result<void> set_unit_properties(Connection& connection, const std::string& unit,
                                 const std::vector<Property>& properties, bool runtime);

}  // namespace boxctl::bus
