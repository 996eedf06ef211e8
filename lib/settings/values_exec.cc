// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include <unistd.h>

#include "lib/base/text.h"
#include "lib/settings/paths.h"
#include "lib/settings/values.h"
#include "lib/settings/words.h"

namespace boxctl::settings {

Caller Caller::current() {
    Caller caller;
    // Not $PWD: the text has to be free of links for ".." to mean the same in it as on disk.
    const std::unique_ptr<char, decltype(&free)> directory(getcwd(nullptr, 0), &free);
    if (directory) caller.directory = directory.get();
    for (char** entry = environ; entry != nullptr && *entry != nullptr; entry++) {
        caller.environment.emplace_back(*entry);
    }
    return caller;
}

Result<std::string> to_argument(std::string_view text) {
    return std::string(text);
}

Result<std::string> to_init_path(std::string_view text) {
    return to_mount_point("init", text);
}

// Paths below the API file systems are no places of the box: /proc/self/fd/7 would be whatever
// descriptor 7 of the process that changes there is (A2).
Result<std::string> to_working_directory(std::string_view text) {
    const std::string path = BOX_TRY(to_inside_path("directory", text));
    for (const std::string_view api : {"/proc", "/sys", "/dev"}) {
        if (path == api || path.starts_with(std::string(api) + "/")) {
            return Error("directory " + quote(text) + " is inside " + std::string(api));
        }
    }
    return path;
}

namespace {

bool is_variable_name(std::string_view name) {
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::all_of(name.begin(), name.end(), is_word);
}

}  // namespace

Result<std::vector<Variable>> to_environment(std::string_view text, const Caller& caller) {
    const size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    if (!is_variable_name(name)) return Error("not a name of a variable: " + quote(name));
    if (equals != std::string_view::npos) {
        return std::vector<Variable>{{name, std::string(text.substr(equals + 1))}};
    }
    if (caller.file) return Error("variable " + quote(name) + " has no value; write NAME=VALUE");
    for (const std::string& entry : caller.environment) {
        if (entry.starts_with(name + "=")) {
            return std::vector<Variable>{{name, entry.substr(name.size() + 1)}};
        }
    }
    return std::vector<Variable>{};
}

std::vector<std::string> write_variables(const std::vector<Variable>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const Variable& variable : values)
        texts.push_back(variable.name + "=" + variable.value);
    return texts;
}

namespace {

// "+3" or "-3" behind RTMIN or RTMAX; nullopt when it is anything else.
std::optional<int> parse_offset(std::string_view text, char sign) {
    if (text.empty()) return 0;
    const auto number = parse_u32(text.substr(1));
    if (text[0] != sign || !number || *number > 64) return std::nullopt;
    return static_cast<int>(*number);
}

std::optional<int> parse_realtime_signal(std::string_view name) {
    std::optional<int> signal;
    if (name.starts_with("RTMIN")) {
        const auto offset = parse_offset(name.substr(5), '+');
        if (offset) signal = SIGRTMIN + *offset;
    } else if (name.starts_with("RTMAX")) {
        const auto offset = parse_offset(name.substr(5), '-');
        if (offset) signal = SIGRTMAX - *offset;
    }
    if (signal && (*signal < SIGRTMIN || *signal > SIGRTMAX)) return std::nullopt;
    return signal;
}

}  // namespace

Result<int> to_signal(std::string_view text) {
    if (const auto number = parse_u32(text)) {
        if (*number >= 1 && *number <= static_cast<uint32_t>(SIGRTMAX)) {
            return static_cast<int>(*number);
        }
        return Error("signal number " + quote(text) + " is out of range");
    }
    const std::string_view name = text.starts_with("SIG") ? text.substr(3) : text;
    for (int signal = 1; signal < SIGRTMIN; signal++) {
        const char* known = sigabbrev_np(signal);
        if (known != nullptr && name == known) return signal;
    }
    if (const auto signal = parse_realtime_signal(name)) return *signal;
    Error error = unknown_word("signal", text, signal_names());
    if (error.hint().size() > 80) error.set_hint("--kill-signal=help lists them");
    return error;
}

std::string write_signal(const int& value) {
    if (value == 0) return {};
    if (value >= SIGRTMIN && value <= SIGRTMAX) return format("SIGRTMIN+%d", value - SIGRTMIN);
    const char* known = sigabbrev_np(value);
    return known != nullptr ? std::string("SIG") + known : std::to_string(value);
}

std::vector<std::string> signal_names() {
    std::vector<std::string> names;
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        if (signal >= SIGRTMIN || sigabbrev_np(signal) != nullptr) {
            names.push_back(write_signal(signal));
        }
    }
    return names;
}

Result<uint32_t> to_stop_timeout(std::string_view text) {
    if (text == "none" || text == "infinity") return kNoTimeout;
    const auto seconds = parse_u32(text);
    if (!seconds || *seconds == kNoTimeout) {
        return Error("not a number of seconds or 'none': " + quote(text));
    }
    return *seconds;
}

std::string write_stop_timeout(const uint32_t& value) {
    return value == kNoTimeout ? "none" : std::to_string(value);
}

namespace {

constexpr uint32_t kFirstFreeId = 65536;  // below are the host's own users

Result<UserRange> to_fixed_range(std::string_view text) {
    const size_t colon = text.find(':');
    const auto base = parse_u32(text.substr(0, colon));
    std::optional<uint32_t> count = 65536;
    if (colon != std::string_view::npos) count = parse_u32(text.substr(colon + 1));
    if (!base || !count) {
        return Error("not no, identity, pick or BASE[:COUNT]: " + quote(text));
    }
    if (*count == 0) return Error("a range of no ids: " + quote(text));
    // 4294967295 is (uid_t)-1, which is nobody's id.
    if (uint64_t{*base} + *count > UINT32_MAX) {
        return Error("the range " + quote(text) + " ends above the last id, 4294967294");
    }
    if (*base < kFirstFreeId) {
        Error error("the range " + quote(text) + " holds ids of the host");
        error.set_hint(
                "start at 65536 or above, or ask for a privileged box: "
                "--private-users=identity");
        return error;
    }
    return UserRange{UserRange::Kind::fixed, *base, *count};
}

}  // namespace

Result<UserRange> to_user_range(std::string_view text) {
    if (text == "pick") return UserRange{};
    if (text == "identity") return UserRange{UserRange::Kind::identity};
    if (const auto boolean = parse_boolean(text)) {
        return UserRange{*boolean ? UserRange::Kind::pick : UserRange::Kind::no};
    }
    if (text == "managed") return Error("'managed' is not known here; 'pick' finds a free range");
    return to_fixed_range(text);
}

std::string write_user_range(const UserRange& value) {
    switch (value.kind) {
        case UserRange::Kind::pick:
            return "pick";
        case UserRange::Kind::no:
            return "no";
        case UserRange::Kind::identity:
            return "identity";
        case UserRange::Kind::fixed:
            return format("%u:%u", value.base, value.count);
    }
    return {};
}

std::vector<std::string> user_range_words() {
    return {"pick", "no", "identity"};
}

}  // namespace boxctl::settings
