// SPDX-License-Identifier: LGPL-2.1-or-later
// Transient units: what StartTransientUnit asks for (org.freedesktop.systemd1(5)), read from its
// message. Pure.
//
// Only properties that are listed here are taken (F4): those which machined and systemd-run send
// for a program in a box. Most of systemd's others would act on the host or promise a confinement
// that is not there, so asking for one is an error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/dbus/message.h"
#include "lib/endpoint/refusal.h"

namespace boxctl::endpoint {

/// What happens to the processes of a unit when its first one has ended or is to (systemd.kill(5)).
enum class KillMode { control_group, mixed, process, none };
const char* to_string(KillMode mode);

struct UnitRequest {
    std::string name;
    std::string description;
    std::string user;                      ///< empty: root
    std::vector<std::string> command;      ///< argv
    std::string path;                      ///< what is executed; without a slash, $PATH says where
    std::vector<std::string> environment;  ///< NAME=VALUE
    std::string directory;                 ///< empty: /
    bool home = false;                     ///< the directory is the user's home
    bool directory_optional = false;
    std::array<int, 3> fds = {-1, -1, -1};  ///< which descriptor of the message; -1: none
    std::string terminal;                   ///< /dev/pts/N, where no descriptor is given
    std::optional<uint16_t> rows;
    std::optional<uint16_t> columns;
    KillMode kill_mode = KillMode::control_group;
    int kill_signal = 15;
    bool send_hangup = false;
    bool ignore_sigpipe = true;
    bool ignore_failure = false;
    bool remain_after_exit = false;
    bool oneshot = false;
    bool record_login = false;  ///< in the box's utmp(5)
    bool leads_itself = false;  ///< login(1): it hands the terminal on itself
};

/// Reads the message, of which the signature was checked (ssa(sv)a(sa(sv))).
std::variant<UnitRequest, Refusal> parse_transient(const dbus::Message& call);

/// A name of a service as systemd allows it.
bool is_service_name(std::string_view name);

/// /dev/pts/N?
bool is_terminal_path(std::string_view path);

}  // namespace boxctl::endpoint
