// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/properties.h"

#include <algorithm>

#include "lib/base/text.h"

namespace boxctl::cgroup {
namespace {

constexpr uint64_t kPeriod = 100000;  // µs, the kernel's default period of cpu.max
constexpr uint64_t kMinQuota = 1000;  // µs, the least the kernel takes
constexpr uint64_t kMaxProcessors = 8192;

std::optional<std::string> parse_size(const std::string& text) {
    if (text == "infinity") return "max";
    const auto bytes = parse_bytes(text);
    if (!bytes) return std::nullopt;
    return std::to_string(*bytes);
}

std::optional<std::string> parse_count(const std::string& text) {
    if (text == "infinity") return "max";
    const auto count = parse_u64(text);
    if (!count || *count == 0) return std::nullopt;
    return std::to_string(*count);
}

/// "50%" or "12.5%" of one processor, in µs a period.
std::optional<std::string> parse_quota(const std::string& text) {
    if (text.empty() || text.back() != '%') return std::nullopt;
    const std::string number = text.substr(0, text.size() - 1);
    const size_t point = number.find('.');
    std::string fraction = point == std::string::npos ? "" : number.substr(point + 1);
    if (fraction.size() > 2 || (point != std::string::npos && fraction.empty())) {
        return std::nullopt;
    }
    fraction.resize(2, '0');
    const auto whole = parse_u32(std::string_view(number).substr(0, point));
    const auto hundredths = parse_u32(fraction);
    if (!whole || !hundredths) return std::nullopt;
    const uint64_t quota = (*whole * uint64_t{100} + *hundredths) * kPeriod / 10000;
    if (quota < kMinQuota) return std::nullopt;
    return std::to_string(quota) + " " + std::to_string(kPeriod);
}

std::optional<std::string> parse_weight(const std::string& text) {
    const auto weight = parse_u32(text);
    if (!weight || *weight < 1 || *weight > 10000) return std::nullopt;
    return std::to_string(*weight);
}

std::optional<std::string> parse_io_weight(const std::string& text) {
    const auto weight = parse_weight(text);
    if (!weight) return std::nullopt;
    return "default " + *weight;
}

/// "0-3,7" or "0-3 7".
std::optional<std::string> parse_set(const std::string& text) {
    std::string spaced = text;
    std::replace(spaced.begin(), spaced.end(), ',', ' ');
    std::vector<std::string> kept;
    for (const std::string& range : split(spaced, ' ')) {
        if (range.empty()) continue;
        const size_t dash = range.find('-');
        const auto first = parse_u32(std::string_view(range).substr(0, dash));
        const auto last = dash == std::string::npos
                                  ? first
                                  : parse_u32(std::string_view(range).substr(dash + 1));
        if (!first || !last || *first > *last || *last >= kMaxProcessors) return std::nullopt;
        kept.push_back(range);
    }
    if (kept.empty()) return std::nullopt;
    return join(kept, ",");
}

struct Row {
    const char* property;
    const char* file;  ///< the controller is its name up to the point
    std::optional<std::string> (*parse)(const std::string& text);
    const char* takes;  ///< for the error message
};

// clang-format off
constexpr const char* kSize = "bytes with K, M, G or T behind, or infinity";
constexpr const char* kWeight = "1 to 10000";
constexpr Row kRows[] = {
    {"MemoryMin",          "memory.min",       parse_size,      kSize},
    {"MemoryLow",          "memory.low",       parse_size,      kSize},
    {"MemoryHigh",         "memory.high",      parse_size,      kSize},
    {"MemoryMax",          "memory.max",       parse_size,      kSize},
    {"MemorySwapMax",      "memory.swap.max",  parse_size,      kSize},
    {"CPUQuota",           "cpu.max",          parse_quota,     "1% or more of one processor, as in 150%"},
    {"CPUWeight",          "cpu.weight",       parse_weight,    kWeight},
    {"TasksMax",           "pids.max",         parse_count,     "a number above 0, or infinity"},
    {"IOWeight",           "io.weight",        parse_io_weight, kWeight},
    {"AllowedCPUs",        "cpuset.cpus",      parse_set,       "processor numbers, as in 0-3,7"},
    {"AllowedMemoryNodes", "cpuset.mems",      parse_set,       "node numbers, as in 0-1"},
};
// clang-format on

Result<const Row*> find_row(const std::string& property) {
    std::vector<std::string> known;
    for (const Row& row : kRows) {
        if (property == row.property) return &row;
        known.emplace_back(row.property);
    }
    const std::string near = nearest(property, known);
    Error error("--property: " + quote(property) + " is not known" +
                (near.empty() ? "" : ", did you mean " + quote(near) + "?"));
    if (near.empty()) error.set_hint("known are " + join(known, ", "));
    return error;
}

}  // namespace

Result<std::vector<Limit>> parse_properties(const std::vector<settings::Variable>& properties) {
    std::vector<Limit> limits;
    for (const settings::Variable& wanted : properties) {
        const Row* row = BOX_TRY(find_row(wanted.name));
        const std::string file = row->file;
        std::erase_if(limits, [&](const Limit& earlier) { return earlier.file == file; });
        if (wanted.value.empty()) continue;
        const auto value = row->parse(wanted.value);
        const std::string property = wanted.name + "=" + wanted.value;
        if (!value) return Error("--property=" + printable(property) + ": takes " + row->takes);
        limits.push_back({property, file.substr(0, file.find('.')), file, *value});
    }
    return limits;
}

}  // namespace boxctl::cgroup
