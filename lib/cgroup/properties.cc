// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/properties.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/bus/unit_properties.h"
#include "lib/cgroup/device_plan.h"

namespace boxctl::cgroup {
namespace {

constexpr uint64_t kPeriod = 100000;  // µs, the kernel's default period of cpu.max

using Written = std::optional<std::string>;

Written write_size(const bus::Value& value) {
    const uint64_t number = *std::get_if<uint64_t>(&value);
    return number == UINT64_MAX ? "max" : std::to_string(number);
}

/// From µs a second to µs a period.
Written write_quota(const bus::Value& value) {
    const uint64_t quota = *std::get_if<uint64_t>(&value) * kPeriod / 1000000;
    return std::to_string(quota) + " " + std::to_string(kPeriod);
}

Written write_weight(const bus::Value& value) {
    const uint64_t weight = *std::get_if<uint64_t>(&value);
    if (weight == 0) return std::nullopt;  // "idle" is another file's business
    return std::to_string(weight);
}

Written write_io_weight(const bus::Value& value) {
    return "default " + std::to_string(*std::get_if<uint64_t>(&value));
}

/// A bit mask as "0-3,7".
Written write_set(const bus::Value& value) {
    const auto& mask = *std::get_if<bus::Bytes>(&value);
    const auto is_set = [&](size_t i) {
        return i / 8 < mask.size() && (mask[i / 8] >> i % 8 & 1U) != 0;
    };
    std::vector<std::string> ranges;
    for (size_t first = 0; first < mask.size() * 8; first++) {
        if (!is_set(first)) continue;
        size_t last = first;
        while (is_set(last + 1))
            last++;
        ranges.push_back(first == last ? std::to_string(first) : format("%zu-%zu", first, last));
        first = last;
    }
    return join(ranges, ",");
}

struct Row {
    const char* property;  ///< as the bus names it
    const char* file;      ///< the controller is its name up to the point
    Written (*write)(const bus::Value& value);
};

// clang-format off
constexpr Row kRows[] = {
    {"MemoryMin",          "memory.min",      write_size},
    {"MemoryLow",          "memory.low",      write_size},
    {"MemoryHigh",         "memory.high",     write_size},
    {"MemoryMax",          "memory.max",      write_size},
    {"MemorySwapMax",      "memory.swap.max", write_size},
    {"CPUQuotaPerSecUSec", "cpu.max",         write_quota},
    {"CPUWeight",          "cpu.weight",      write_weight},
    {"TasksMax",           "pids.max",        write_size},
    {"IOWeight",           "io.weight",       write_io_weight},
    {"AllowedCPUs",        "cpuset.cpus",     write_set},
    {"AllowedMemoryNodes", "cpuset.mems",     write_set},
};
// clang-format on

Result<Limit> limit_of(const settings::Assignment& wanted, const bus::Property& property) {
    const std::string text = wanted.name + "=" + wanted.value;
    for (const Row& row : kRows) {
        if (property.name != row.property) continue;
        auto value = row.write(property.value);
        const std::string file = row.file;
        if (value) return Limit{text, file.substr(0, file.find('.')), file, std::move(*value)};
    }
    Error error("--property=" + printable(text) + ": only systemd can set that");
    error.set_hint("this machine was not booted with it: leave the property out");
    return error;
}

}  // namespace

Result<std::vector<Limit>> limits_of(const std::vector<settings::Assignment>& properties) {
    std::vector<std::pair<std::string, Limit>> limits;
    for (const settings::Assignment& wanted : properties) {
        std::vector<bus::Property> parsed;
        BOX_TRY(bus::assign_property(parsed, wanted.name, wanted.value).context("--property"));
        std::erase_if(limits, [&](const auto& earlier) { return earlier.first == wanted.name; });
        if (parsed.empty() || is_about_devices(wanted)) continue;
        limits.emplace_back(wanted.name, BOX_TRY(limit_of(wanted, parsed.front())));
    }
    std::vector<Limit> kept;
    kept.reserve(limits.size());
    for (auto& [name, limit] : limits)
        kept.push_back(std::move(limit));
    return kept;
}

}  // namespace boxctl::cgroup
