// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of machines, hosts and users, identifiers and other plain words.
#include <algorithm>
#include <array>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/settings/settings.h"
#include "lib/settings/values.h"
#include "lib/settings/words.h"

namespace boxctl::settings {
namespace {

constexpr size_t kHostNameMax = 64;  // HOST_NAME_MAX, sethostname(2)
constexpr size_t kUserNameMax = 255;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool is_one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

// What hostname syntax says against `name`; `extra` are characters allowed beyond letters, digits,
// '-' and '.'. Empty: nothing.
std::string label_fault(const std::string& name, std::string_view extra) {
    if (name.empty()) return "is empty";
    if (name.size() > kHostNameMax) return format("is longer than %zu characters", kHostNameMax);
    for (const char c : name) {
        if (!is_one_of(c, kLetters) && !is_one_of(c, kDigits) && !is_one_of(c, "-.") &&
            !is_one_of(c, extra)) {
            return "contains " + quote({&c, 1}) + "; letters, digits, '-' and '.' are allowed";
        }
    }
    for (const std::string& label : split(name, '.')) {
        if (label.empty()) return "has an empty part between, before or behind dots";
        if (label.front() == '-' || label.back() == '-') return "has a part with '-' at its edge";
    }
    return {};
}

// A machine "x.service" would be mistaken for a unit by everything that takes both.
bool ends_like_a_unit(std::string_view name) {
    constexpr std::array<std::string_view, 11> kSuffixes = {
            ".service", ".socket", ".device", ".mount", ".automount", ".swap",
            ".target",  ".path",   ".timer",  ".slice", ".scope"};
    return std::any_of(kSuffixes.begin(), kSuffixes.end(),
                       [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

}  // namespace

std::string machine_name_fault(const std::string& name) {
    if (name == ".host") return "is the name of the host itself";
    std::string fault = label_fault(name, "");
    if (fault.empty() && ends_like_a_unit(name)) fault = "ends like the name of a systemd unit";
    return fault;
}

std::string cut_name(std::string name, size_t length) {
    if (name.size() > length) name.resize(length);
    while (!name.empty() && (name.back() == '-' || name.back() == '.'))
        name.pop_back();
    return name;
}

std::string name_of_directory(const std::string& path) {
    std::string name;
    for (const char c : os::split_path(path).second) {
        const bool alphanumeric = is_one_of(c, kLetters) || is_one_of(c, kDigits);
        const bool inner = (c == '-' || c == '.') && !name.empty() && name.back() != '.' &&
                           (c != '.' || name.back() != '-');
        if (alphanumeric || inner) name += c;
    }
    return cut_name(std::move(name), kHostNameMax);
}

Result<bool> to_bool(std::string_view text) {
    const auto value = parse_boolean(text);
    if (!value) return Error("not yes or no: " + quote(text));
    return *value;
}
std::string write_bool(const bool& value) {
    return value ? "yes" : "no";
}

Result<std::string> to_text(std::string_view text) {
    if (text.empty()) return Error("value is empty");
    return std::string(text);
}
std::string write_text(const std::string& value) {
    return value;
}
std::vector<std::string> write_texts(const std::vector<std::string>& values) {
    return values;
}

Result<std::string> to_machine_name(std::string_view text) {
    const std::string fault = machine_name_fault(std::string(text));
    if (!fault.empty()) return Error("machine name " + quote(text) + " " + fault);
    return std::string(text);
}

Result<std::string> to_hostname(std::string_view text) {
    const std::string fault = label_fault(std::string(text), "_");
    if (!fault.empty()) return Error("host name " + quote(text) + " " + fault);
    return std::string(text);
}

Result<std::string> to_uuid(std::string_view text) {
    constexpr std::array<size_t, 4> kDashes = {8, 13, 18, 23};
    std::string digits = to_lower(text);
    if (digits.size() == 36) {
        for (size_t i = kDashes.size(); i-- > 0;) {
            if (digits[kDashes[i]] == '-') digits.erase(kDashes[i], 1);
        }
    }
    if (digits.size() != 32 || digits.find_first_not_of(kHexDigits) != std::string::npos) {
        return Error("not a UUID: " + quote(text));
    }
    if (digits.find_first_not_of('0') == std::string::npos) {
        return Error("the UUID of all zeroes names nothing");
    }
    return digits;
}

// Digits are always a number, never the name of a user: an image whose passwd names somebody
// "1000" or "4294967296" must not decide who that is (A9).
Result<std::string> to_user(std::string_view text) {
    if (text.empty()) return Error("user is empty");
    if (text.find_first_not_of(kDigits) == std::string_view::npos) {
        const auto id = parse_u32(text);
        if (!id || *id == UINT32_MAX) return Error("user id " + quote(text) + " is out of range");
        return std::to_string(*id);
    }
    const std::string_view stem = text.back() == '$' ? text.substr(0, text.size() - 1) : text;
    const bool good_start = !stem.empty() && (is_one_of(stem[0], kLetters) || stem[0] == '_');
    const bool good_rest = std::all_of(stem.begin(), stem.end(), [](char c) {
        return is_one_of(c, kLetters) || is_one_of(c, kDigits) || is_one_of(c, "_.-");
    });
    if (!good_start || !good_rest || text.size() > kUserNameMax) {
        return Error("not a user name or id: " + quote(text));
    }
    return std::string(text);
}

std::vector<std::string> log_levels() {
    return {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
}

Result<std::string> to_log_level(std::string_view text) {
    const std::vector<std::string> levels = log_levels();
    const auto number = parse_u32(text);
    if (number && *number < levels.size()) return levels[*number];
    if (text == "error") return std::string("err");
    if (std::find(levels.begin(), levels.end(), text) != levels.end()) return std::string(text);
    return unknown_word("log level", text, levels);
}

}  // namespace boxctl::settings
