// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/dump.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/settings/table.h"

namespace boxctl::settings {
namespace {

struct Line {
    std::string name;
    std::string value;
    std::string origin;
};

std::string origin_of(const Row& row, const Settings& settings) {
    const Origin& origin = row.access.origin(settings);
    if (origin.source == Source::builtin) return "default";
    // Rows that collect values may share a field (--bind, --bind-ro): its last origin says nothing
    // about the other values, the row's own spelling does.
    const bool collected = row.access.merge == Merge::append && origin.source == Source::option;
    return collected ? spelling(row) : origin.text;
}

}  // namespace

std::string print_settings(const Settings& settings) {
    std::vector<Line> lines;
    for (const Row& row : rows()) {
        if (row.json.empty()) continue;
        for (const std::string& value : row.access.write(settings)) {
            lines.push_back({std::string(row.option), value, origin_of(row, settings)});
        }
    }
    for (const std::string& word : settings.exec.arguments.value) {
        lines.push_back({"argument", word, settings.exec.arguments.origin.text});
    }
    size_t name_width = 0;
    size_t value_width = 0;
    for (Line& line : lines) {
        line.value = printable(line.value);
        name_width = std::max(name_width, line.name.size());
        value_width = std::max(value_width, std::min<size_t>(line.value.size(), 40));
    }
    std::string text;
    for (const Line& line : lines) {
        text += format("%-*s = %-*s   (%s)\n", static_cast<int>(name_width), line.name.c_str(),
                       static_cast<int>(value_width), line.value.c_str(),
                       printable(line.origin).c_str());
    }
    return text;
}

json::Value settings_to_json(const Settings& settings) {
    json::Value out = json::Value::object();
    out["mode"] = settings.mode == Mode::boot ? "boot" : "run";
    for (const Row& row : rows()) {
        if (row.json.empty()) continue;
        const std::vector<std::string> texts = row.access.write(settings);
        if (texts.empty()) continue;
        json::Value& member = out[std::string(row.json)];
        if (row.access.boolean) {
            member = texts[0] == "yes";
        } else if (row.access.merge == Merge::append) {
            member = texts;
        } else {
            member = texts[0];
        }
    }
    if (!settings.exec.arguments.value.empty()) out["arguments"] = settings.exec.arguments.value;
    return out;
}

}  // namespace boxctl::settings
