// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/machines.h"

#include <algorithm>

#include <time.h>

#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/change.h"
#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/settings/settings.h"
#include "lib/settings/values.h"
#include "lib/shell/enter.h"
#include "lib/shell/inspect.h"

namespace boxctl::cmd {
namespace {

/// Only root may look into the state directory, and only root has boxes.
Error explained(Error error) {
    if (error.code() == EACCES) error.set_hint("boxctl has to be started as root");
    return error;
}

Result<Machine> examine(const std::string& name, bool has_directory) {
    Machine machine;
    machine.name = name;
    const bool locked = state::is_running(name);
    auto record = state::read(name);
    if (record) {
        machine.life = locked ? Life::running : Life::dead;
        machine.record = std::move(record).value();
        return machine;
    }
    if (record.error().code() == EACCES) return explained(std::move(record).error());
    if (record.error().code() != ENOENT) {
        machine.fault = record.error().message();
        machine.life = Life::dead;
    } else if (locked) {
        machine.life = Life::starting;
    } else if (has_directory) {
        machine.life = Life::dead;
    }
    return machine;
}

Result<std::vector<std::string>> known_names() {
    auto names = state::names();
    if (!names) return explained(std::move(names).error());
    return names;
}

}  // namespace

int fail(const Error& error) {
    log::error(error.message());
    return error.exit_code();
}

int fail_start(settings::Front front, const Error& error) {
    const int status = fail(error);
    return front == settings::Front::nspawn ? kNspawnFailure : status;
}

Result<Machine> look_up(const std::string& name) {
    const std::string fault = settings::machine_name_fault(name);
    if (!fault.empty()) return Error(quote(name) + " is no machine name: " + fault);
    const std::vector<std::string> names = BOX_TRY(known_names());
    return examine(name, std::find(names.begin(), names.end(), name) != names.end());
}

Result<std::vector<Machine>> all_machines() {
    std::vector<Machine> machines;
    for (const std::string& name : BOX_TRY(known_names())) {
        machines.push_back(BOX_TRY(examine(name, true)));
    }
    return machines;
}

Error unknown_machine(const std::string& name) {
    Error error("no machine is named " + quote(name));
    const auto names = state::names();
    const std::string near = names ? nearest(name, *names) : "";
    error.set_hint(near.empty() ? "'boxctl list' shows those that run"
                                : "did you mean '" + printable(near) + "'?");
    return error;
}

Result<state::Record> find_running(const std::string& name) {
    Machine machine = BOX_TRY(look_up(name));
    switch (machine.life) {
        case Life::running:
            return std::move(*machine.record);
        case Life::starting:
            return Error("machine " + quote(name) + " is only starting");
        case Life::unknown:
            return unknown_machine(name);
        case Life::dead:
            break;
    }
    Error error(machine.fault.empty() ? "machine " + quote(name) + " does not run any more"
                                      : machine.fault);
    error.set_hint("'boxctl cleanup' removes what it left");
    return error;
}

Result<uint64_t> parse_seconds(std::string_view option, std::string_view text) {
    const uint32_t seconds = BOX_TRY(settings::to_stop_timeout(text).context(
            "--" + std::string(option) + "=" + printable(text)));
    return seconds == settings::kNoTimeout ? event::kNever : seconds * event::kSecond;
}

Result<void> ask_to_reboot(const state::Record& record) {
    if (record.mode != "boot") {
        return Error("machine " + quote(record.name) + " runs a command: nothing in it can reboot");
    }
    // Who is frozen cannot do what it is asked.
    if (!record.cgroup.empty()) BOX_TRY(cgroup::thaw_box(BOX_TRY(shell::open_cgroup(record))));
    if (record.reboot.command.empty()) {
        const os::UniqueFd leader = BOX_TRY(state::open_process(record.leader));
        return os::send_signal(leader, record.reboot.signal);
    }
    const os::ExitStatus status = BOX_TRY(shell::run_inside(record, record.reboot.command));
    if (status.shell_code() == 0) return {};
    return Error(format("'%s' in machine '%s' ended with status %d",
                        join(record.reboot.command, " ").c_str(), record.name.c_str(),
                        status.shell_code()));
}

std::string json_lines(const json::Value& value) {
    // JSON escapes the C0 controls; those of C1 and DEL are as good to a terminal.
    std::string out;
    const std::string text = json::to_text(value);
    for (size_t i = 0; i < text.size(); i++) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if (byte == 0x7f) {
            out += "\\u007f";
        } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
            out += format("\\u00%02x", next);
            i++;
        } else {
            out += text[i];
        }
    }
    return out + "\n";
}

std::string state_word(const Machine& machine) {
    switch (machine.life) {
        case Life::unknown:
            return "unknown";
        case Life::dead:
            return "dead";
        case Life::starting:
            return "starting";
        case Life::running:
            break;
    }
    return printable(machine.record->phase);
}

std::string date_of(uint64_t seconds) {
    const auto when = static_cast<time_t>(seconds);
    tm parts = {};
    char text[64];
    if (localtime_r(&when, &parts) == nullptr) return "?";
    return {text, strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string age_of(uint64_t started) {
    const auto now = static_cast<uint64_t>(time(nullptr));
    // The clock may have been set back meanwhile.
    const uint64_t age = now > started ? now - started : 0;
    const auto pair = [](uint64_t big, char big_unit, uint64_t small, char small_unit) {
        return std::to_string(big) + big_unit + std::to_string(small) + small_unit;
    };
    if (age < 60) return std::to_string(age) + "s";
    if (age < 3600) return pair(age / 60, 'm', age % 60, 's');
    if (age < 86400) return pair(age / 3600, 'h', age / 60 % 60, 'm');
    return pair(age / 86400, 'd', age / 3600 % 24, 'h');
}

}  // namespace boxctl::cmd
