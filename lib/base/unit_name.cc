// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/unit_name.h"

#include <algorithm>

#include "lib/base/text.h"

namespace boxctl {
namespace {

constexpr std::string_view kScope = ".scope";
constexpr std::string_view kSlice = ".slice";

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Stands for itself in an escaped part.
bool is_plain(char c, size_t at) {
    return is_alphanumeric(c) || c == ':' || c == '_' || (c == '.' && at > 0);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string escape_unit_part(std::string_view text) {
    std::string part;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '/') {
            part += '-';
        } else if (is_plain(text[i], i)) {
            part += text[i];
        } else {
            part += format("\\x%02x", static_cast<unsigned char>(text[i]));
        }
    }
    return part;
}

Result<std::string> unescape_unit_part(std::string_view part) {
    std::string text;
    for (size_t i = 0; i < part.size(); i++) {
        if (part[i] == '\\' && i + 3 < part.size() && part[i + 1] == 'x') {
            const int high = hex_digit(part[i + 2]);
            const int low = hex_digit(part[i + 3]);
            if (high >= 0 && low >= 0) {
                text += static_cast<char>(high * 16 + low);
                i += 3;
                continue;
            }
        }
        text += part[i] == '-' ? '/' : part[i];
    }
    if (escape_unit_part(text) != part) return Error("not an escaped name: " + quote(part));
    return text;
}

Result<std::string> machine_scope(std::string_view machine_name) {
    const std::string unit = "machine-" + escape_unit_part(machine_name) + std::string(kScope);
    if (unit.size() > kUnitNameMax) {
        return Error("machine name " + quote(machine_name) + ": too long for a unit when escaped");
    }
    return unit;
}

std::string slice_name_fault(std::string_view name) {
    if (!name.ends_with(kSlice)) return "does not end in '.slice'";
    if (name.size() > kUnitNameMax) return format("is longer than %zu characters", kUnitNameMax);
    if (name == "-.slice") return {};
    const std::string_view stem = name.substr(0, name.size() - kSlice.size());
    const bool letters = std::all_of(stem.begin(), stem.end(), [](char c) {
        return is_alphanumeric(c) || std::string_view(":-_.\\").find(c) != std::string_view::npos;
    });
    if (!letters) return "contains what no unit's name can; see systemd-escape(1)";
    for (const std::string& part : split(stem, '-')) {
        if (part.empty()) return "has an empty part before, between or behind dashes";
    }
    return {};
}

std::string unit_object_path(std::string_view unit) {
    std::string path = "/org/freedesktop/systemd1/unit/";
    for (size_t i = 0; i < unit.size(); i++) {
        const bool leading_digit = i == 0 && unit[i] >= '0' && unit[i] <= '9';
        if (is_alphanumeric(unit[i]) && !leading_digit) {
            path += unit[i];
        } else {
            path += format("_%02x", static_cast<unsigned char>(unit[i]));
        }
    }
    return path;
}

}  // namespace boxctl
