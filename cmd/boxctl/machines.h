// SPDX-License-Identifier: LGPL-2.1-or-later
// Machines: what the verbs that work with a box have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/json/json.h"
#include "lib/os/fd.h"
#include "lib/settings/settings.h"
#include "lib/state/record.h"

namespace boxctl::cmd {

constexpr int kDeadStatus = 3;     ///< `status`: what LSB calls "program is not running"
constexpr int kUnknownStatus = 4;  ///< `status`: "unknown"
constexpr int kTimedOut = 124;     ///< like timeout(1)

/// Says what went wrong; returns the exit status.
int fail(const Error& error);

/// The same for a start: systemd-nspawn has one exit status for all failures.
int fail_start(settings::Front front, const Error& error);

enum class Life {
    unknown,   ///< nothing of that name
    dead,      ///< its supervisor is gone, what it left is still there
    starting,  ///< no record yet
    running,
};

struct Machine {
    std::string name;
    Life life = Life::unknown;
    std::optional<state::Record> record;  ///< always when running
    std::string fault;                    ///< why there is a record that cannot be read
};

/// An error when `name` cannot name a machine, or the state directory cannot be read.
Result<Machine> look_up(const std::string& name);
/// Every machine that left a trace, sorted by name.
Result<std::vector<Machine>> all_machines();

/// The record of a machine that runs. The error for any other tells what is known of it.
Result<state::Record> find_running(const std::string& name);
Error unknown_machine(const std::string& name);

/// Reads --NAME=SECONDS|none, to microseconds for lib/shell/wait.h.
Result<uint64_t> parse_seconds(std::string_view option, std::string_view text);

/// Asks PID 1 to reboot, in its own language.
Result<void> ask_to_reboot(const state::Record& record);

/// JSON text that no terminal acts upon, with a newline.
std::string json_lines(const json::Value& value);

/// "running", "stopping", "starting", "dead".
std::string state_word(const Machine& machine);
/// "2026-11-25 10:00:00" in the caller's time zone, for a time since the epoch.
std::string date_of(uint64_t seconds);
/// "3m12s", for a time since the epoch.
std::string age_of(uint64_t started);

}  // namespace boxctl::cmd
