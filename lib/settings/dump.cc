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

std::string origin_of(const Row& row, const Origin& origin) {
    if (origin.source == Source::builtin) return "default";
    // Rows that collect values may share a field (--bind, --bind-ro): its last origin says nothing
    // about the other values, the row's own spelling does.
    const bool collected = row.access.merge != Merge::last && origin.source == Source::option;
    return collected && is_option(row) ? spelling(row) : origin.text;
}

std::string name_of(const Row& row) {
    return std::string(row.option.empty() ? row.json : row.option);
}

std::vector<Line> lines_of(const Settings& settings, Unset unset) {
    std::vector<Line> lines;
    for (const Row& row : rows()) {
        if (row.json.empty()) continue;
        const bool empty = row.access.list(settings).empty();
        if (empty && unset == Unset::shown) {
            lines.push_back({name_of(row), "-", origin_of(row, row.access.origin(settings))});
        }
        for (const Written& value : row.access.list(settings)) {
            lines.push_back(
                    {name_of(row), printable(value.text), printable(origin_of(row, value.origin))});
        }
    }
    return lines;
}

}  // namespace

std::string print_settings(const Settings& settings, Unset unset) {
    const std::vector<Line> lines = lines_of(settings, unset);
    size_t name_width = 0;
    size_t value_width = 0;
    for (const Line& line : lines) {
        name_width = std::max(name_width, line.name.size());
        value_width = std::max(value_width, std::min<size_t>(line.value.size(), 40));
    }
    std::string text;
    for (const Line& line : lines) {
        text += format("%-*s = %-*s   (%s)\n", static_cast<int>(name_width), line.name.c_str(),
                       static_cast<int>(value_width), line.value.c_str(), line.origin.c_str());
    }
    return text;
}

std::vector<std::string> describe_file_values(const Settings& settings) {
    std::vector<std::string> lines;
    for (const Row& row : rows()) {
        if (row.json.empty()) continue;
        for (const Written& value : row.access.list(settings)) {
            const Source source = value.origin.source;
            if (source != Source::file && source != Source::overriding_file) continue;
            lines.push_back(name_of(row) + " = " + printable(value.text) + "  # " +
                            value.origin.text);
        }
    }
    return lines;
}

json::Value origins_to_json(const Settings& settings) {
    json::Value out = json::Value::object();
    for (const Row& row : rows()) {
        if (row.json.empty()) continue;
        json::Value& values = out[std::string(row.json)];
        values = json::Value::array();
        for (const Written& value : row.access.list(settings)) {
            values.push_back({{"value", value.text}, {"origin", origin_of(row, value.origin)}});
        }
    }
    return out;
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
        } else if (row.access.merge != Merge::last) {
            member = texts;
        } else {
            member = texts[0];
        }
    }
    return out;
}

}  // namespace boxctl::settings
