// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/transient.h"

#include <algorithm>

#include <signal.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::endpoint {
namespace {

using dbus::Reader;

/// A malformed value: its property then is the reason of the refusal.
using Taken = bool;

std::vector<std::string> read_strings(Reader& reader) {
    std::vector<std::string> strings;
    const size_t end = reader.array('s');
    while (reader.more(end))
        strings.emplace_back(reader.string());
    return strings;
}

Taken take_environment(Reader& reader, UnitRequest& unit) {
    unit.environment = read_strings(reader);
    return std::all_of(unit.environment.begin(), unit.environment.end(), [](const std::string& v) {
        const size_t name = v.find('=');
        return name != std::string::npos && name > 0;
    });
}

/// "/x", "-/x" (may be missing), "~" (home), "-~".
Taken take_directory(Reader& reader, UnitRequest& unit) {
    std::string_view directory = reader.string();
    unit.directory_optional = directory.starts_with('-');
    if (unit.directory_optional) directory.remove_prefix(1);
    unit.home = directory == "~";
    if (unit.home) return true;
    unit.directory = directory;
    return directory.empty() || os::is_absolute(directory);
}

/// With ignore_failure for the last member: ExecStart has a boolean, ExecStartEx a list of flags.
template <class Flags>
Taken take_command(Reader& reader, UnitRequest& unit, Flags flags) {
    size_t count = 0;
    const size_t end = reader.array('(');
    while (reader.more(end)) {
        reader.structure();
        unit.path = reader.string();
        unit.command = read_strings(reader);
        if (!flags()) return false;
        count++;
    }
    return count == 1 && !unit.path.empty() && !unit.command.empty();
}

Taken take_exec_start(Reader& reader, UnitRequest& unit) {
    return take_command(reader, unit, [&] {
        unit.ignore_failure = reader.boolean();
        return true;
    });
}

Taken take_exec_start_ex(Reader& reader, UnitRequest& unit) {
    return take_command(reader, unit, [&] {
        const std::vector<std::string> flags = read_strings(reader);
        unit.ignore_failure =
                std::find(flags.begin(), flags.end(), "ignore-failure") != flags.end();
        // The others would have it run with more than the rights of the user.
        return std::all_of(flags.begin(), flags.end(), [](const std::string& flag) {
            return flag == "ignore-failure" || flag == "no-env-expand";
        });
    });
}

Taken take_kill_mode(Reader& reader, UnitRequest& unit) {
    const std::string_view text = reader.string();
    for (const KillMode mode :
         {KillMode::control_group, KillMode::mixed, KillMode::process, KillMode::none}) {
        if (text != to_string(mode)) continue;
        unit.kill_mode = mode;
        return true;
    }
    return false;
}

Taken take_type(Reader& reader, UnitRequest& unit) {
    const std::string_view type = reader.string();
    unit.oneshot = type == "oneshot";
    return unit.oneshot || type == "simple" || type == "exec" || type == "idle";
}

Taken take_utmp_mode(Reader& reader, UnitRequest& unit) {
    const std::string_view mode = reader.string();
    unit.record_login = mode == "user";
    return unit.record_login || mode == "init" || mode == "login";
}

/// Words for what is not given as a descriptor.
Taken take_stdio(Reader& reader, UnitRequest&) {
    const std::string_view word = reader.string();
    return word == "null" || word == "inherit" || word == "journal" || word == "tty";
}

template <size_t Index>
Taken take_fd(Reader& reader, UnitRequest& unit) {
    const uint32_t index = reader.u32();
    unit.fds[Index] = static_cast<int>(index);
    return index < 64;
}

struct Property {
    std::string_view name;
    std::string_view type;
    Taken (*take)(Reader& reader, UnitRequest& unit);
};

/// Takes a value into a member that has its type.
template <auto Member>
Taken take_text(Reader& reader, UnitRequest& unit) {
    unit.*Member = reader.string();
    return true;
}
template <auto Member>
Taken take_flag(Reader& reader, UnitRequest& unit) {
    unit.*Member = reader.boolean();
    return true;
}
template <auto Member>
Taken take_u16(Reader& reader, UnitRequest& unit) {
    unit.*Member = reader.u16();
    return true;
}

Taken take_signal(Reader& reader, UnitRequest& unit) {
    unit.kill_signal = reader.i32();
    return unit.kill_signal > 0 && unit.kill_signal <= SIGRTMAX;
}

Taken take_terminal(Reader& reader, UnitRequest& unit) {
    unit.terminal = reader.string();
    return is_terminal_path(unit.terminal);
}

// clang-format off
constexpr Property kProperties[] = {
    {"Description", "s", take_text<&UnitRequest::description>},
    {"User", "s", take_text<&UnitRequest::user>},
    {"WorkingDirectory", "s", take_directory},
    {"Environment", "as", take_environment},
    {"ExecStart", "a(sasb)", take_exec_start},
    {"ExecStartEx", "a(sasas)", take_exec_start_ex},
    {"StandardInputFileDescriptor", "h", take_fd<0>},
    {"StandardOutputFileDescriptor", "h", take_fd<1>},
    {"StandardErrorFileDescriptor", "h", take_fd<2>},
    {"StandardInput", "s", take_stdio},
    {"StandardOutput", "s", take_stdio},
    {"StandardError", "s", take_stdio},
    {"TTYPath", "s", take_terminal},
    {"TTYRows", "q", take_u16<&UnitRequest::rows>},
    {"TTYColumns", "q", take_u16<&UnitRequest::columns>},
    {"KillMode", "s", take_kill_mode},
    {"KillSignal", "i", take_signal},
    {"SendSIGHUP", "b", take_flag<&UnitRequest::send_hangup>},
    {"IgnoreSIGPIPE", "b", take_flag<&UnitRequest::ignore_sigpipe>},
    {"RemainAfterExit", "b", take_flag<&UnitRequest::remain_after_exit>},
    {"Type", "s", take_type},
    {"UtmpMode", "s", take_utmp_mode},
};
// What only says how the unit is shown, counted, or remembered, or what every program here has.
constexpr std::string_view kPassedOver[] = {
    "AddRef", "CollectMode", "DefaultDependencies", "Documentation", "ExitType", "LogExtraFields",
    "LogLevelMax", "OOMPolicy", "PAMName", "SendSIGKILL", "SetLoginEnvironment", "Slice", "SuccessExitStatus",
    "SyslogIdentifier", "TTYReset", "TTYVHangup", "TTYVTDisallocate", "TimeoutStopUSec",
    "UtmpIdentifier",
};
// clang-format on

/// One (name, value); a refusal unless it was taken.
std::optional<Refusal> take_property(Reader& reader, UnitRequest& unit) {
    reader.structure();
    const std::string name(reader.string());
    const std::string_view type = reader.variant();
    if (std::find(std::begin(kPassedOver), std::end(kPassedOver), name) != std::end(kPassedOver)) {
        reader.skip(type);
        return std::nullopt;
    }
    const auto* const row = std::find_if(std::begin(kProperties), std::end(kProperties),
                                         [&](const Property& p) { return p.name == name; });
    if (row == std::end(kProperties)) {
        return Refusal{kNotSupported, "property " + quote(name) +
                                              " is not available in this box: it has no systemd"};
    }
    if (row->type != type || !row->take(reader, unit)) {
        return Refusal{kInvalidArgs,
                       "property " + quote(name) + " has a value that cannot be used"};
    }
    return std::nullopt;
}

bool all_of_a_name(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("@:_.-\\").find(c) != std::string_view::npos;
    });
}

std::optional<Refusal> check(const UnitRequest& unit) {
    if (!is_service_name(unit.name)) {
        return Refusal{kNotSupported, "only services can be started in this box, not " +
                                              quote(unit.name) + ": it has no systemd"};
    }
    if (unit.command.empty()) return Refusal{kInvalidArgs, "the unit has nothing to execute"};
    return std::nullopt;
}

}  // namespace

const char* to_string(KillMode mode) {
    switch (mode) {
        case KillMode::control_group:
            return "control-group";
        case KillMode::mixed:
            return "mixed";
        case KillMode::process:
            return "process";
        case KillMode::none:
            return "none";
    }
    return "";
}

bool is_service_name(std::string_view name) {
    constexpr std::string_view kSuffix = ".service";
    return name.size() > kSuffix.size() && name.size() < 256 && name.ends_with(kSuffix) &&
           name.front() != '-' && name.front() != '.' && all_of_a_name(name);
}

bool is_terminal_path(std::string_view path) {
    constexpr std::string_view kFolder = "/dev/pts/";
    return path.starts_with(kFolder) && parse_u32(path.substr(kFolder.size())).has_value();
}

std::variant<UnitRequest, Refusal> parse_transient(const dbus::Message& call) {
    Reader reader = call.reader();
    UnitRequest unit;
    unit.name = reader.string();
    reader.string();  // the mode: with no other jobs around, all mean the same
    const size_t end = reader.array('(');
    while (reader.more(end)) {
        if (auto refusal = take_property(reader, unit)) return std::move(*refusal);
    }
    const size_t companions = reader.array('(');
    if (reader.more(companions)) {
        return Refusal{kNotSupported, "a unit cannot bring others with it in this box"};
    }
    if (reader.failed()) return Refusal{kInvalidArgs, "malformed request"};
    if (auto refusal = check(unit)) return std::move(*refusal);
    for (const int index : unit.fds) {
        if (index >= 0 && static_cast<uint32_t>(index) >= call.fds) {
            return Refusal{kInvalidArgs, "a descriptor is missing"};
        }
    }
    return unit;
}

}  // namespace boxctl::endpoint
