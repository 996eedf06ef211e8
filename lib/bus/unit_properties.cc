// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/unit_properties.h"

#include <algorithm>
#include <type_traits>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/bus/unit_values.h"

namespace boxctl::bus {
namespace {

struct Row {
    const char* name;
    const char* on_bus;  ///< nullptr: the same
    Parsed (*parse)(const std::string& text);
    const char* takes;   ///< for the error message
    bool share = false;  ///< takes "50%" too, as the property NAMEScale
};

// clang-format off
constexpr const char* kFlag = "yes or no";
constexpr const char* kSize = "bytes with K, M, G or T, or 'infinity'";
constexpr const char* kSizeOrShare = "bytes with K, M, G or T, a percentage, or 'infinity'";
constexpr const char* kWeight = "a number from 1 to 10000";
constexpr const char* kNumbers = "a list such as 0-3,5";
constexpr const char* kSpan = "a time such as 90s or 5min";
constexpr const char* kDeviceLimit = "a device and bytes a second, as in '/dev/sda 5M'";
constexpr const char* kDeviceCount = "a device and a number a second, as in '/dev/sda 100'";
constexpr const char* kAddresses = "addresses such as 10.0.0.0/8, or any, localhost, link-local, multicast";
constexpr const char* kSocket = "[ipv4:|ipv6:][tcp:|udp:]PORT[-PORT], or any";
constexpr const char* kPath = "an absolute path";
constexpr const char* kUnits = "names of units";
constexpr const char* kText = "plain text";
constexpr const char* kOomKill = "auto or kill";
constexpr Row kRows[] = {
    {"MemoryMax", nullptr, to_size, kSizeOrShare, true},
    {"MemoryHigh", nullptr, to_size, kSizeOrShare, true},
    {"MemoryLow", nullptr, to_size, kSizeOrShare, true},
    {"MemoryMin", nullptr, to_size, kSizeOrShare, true},
    {"MemorySwapMax", nullptr, to_size, kSizeOrShare, true},
    {"MemoryZSwapMax", nullptr, to_size, kSize},
    {"DefaultMemoryLow", nullptr, to_size, kSizeOrShare, true},
    {"DefaultMemoryMin", nullptr, to_size, kSizeOrShare, true},
    {"MemoryAccounting", nullptr, to_flag, kFlag},
    {"MemoryPressureWatch", nullptr, to_pressure_watch, "auto, on, off or skip"},
    {"MemoryPressureThresholdSec", "MemoryPressureThresholdUSec", to_timespan, kSpan},
    {"CPUQuota", "CPUQuotaPerSecUSec", to_quota, "a percentage such as 150%"},
    {"CPUQuotaPeriodSec", "CPUQuotaPeriodUSec", to_timespan, kSpan},
    {"CPUWeight", nullptr, to_cpu_weight, "a number from 1 to 10000, or 'idle'"},
    {"StartupCPUWeight", nullptr, to_cpu_weight, "a number from 1 to 10000, or 'idle'"},
    {"CPUAccounting", nullptr, to_flag, kFlag},
    {"AllowedCPUs", nullptr, to_numbers, kNumbers},
    {"StartupAllowedCPUs", nullptr, to_numbers, kNumbers},
    {"AllowedMemoryNodes", nullptr, to_numbers, kNumbers},
    {"StartupAllowedMemoryNodes", nullptr, to_numbers, kNumbers},
    {"TasksMax", nullptr, to_count, "a number above 0, a percentage, or 'infinity'", true},
    {"TasksAccounting", nullptr, to_flag, kFlag},
    {"IOWeight", nullptr, to_weight, kWeight},
    {"StartupIOWeight", nullptr, to_weight, kWeight},
    {"IODeviceWeight", nullptr, to_device_weight, "a device and a weight, as in '/dev/sda 200'"},
    {"IOReadBandwidthMax", nullptr, to_device_limit, kDeviceLimit},
    {"IOWriteBandwidthMax", nullptr, to_device_limit, kDeviceLimit},
    {"IOReadIOPSMax", nullptr, to_device_limit, kDeviceCount},
    {"IOWriteIOPSMax", nullptr, to_device_limit, kDeviceCount},
    {"IODeviceLatencyTargetSec", "IODeviceLatencyTargetUSec", to_device_latency, "a device and a time, as in '/dev/sda 25ms'"},
    {"IOAccounting", nullptr, to_flag, kFlag},
    {"IPAccounting", nullptr, to_flag, kFlag},
    {"IPAddressAllow", nullptr, to_addresses, kAddresses},
    {"IPAddressDeny", nullptr, to_addresses, kAddresses},
    {"IPIngressFilterPath", nullptr, to_absolute_path, kPath},
    {"IPEgressFilterPath", nullptr, to_absolute_path, kPath},
    {"SocketBindAllow", nullptr, to_socket_rule, kSocket},
    {"SocketBindDeny", nullptr, to_socket_rule, kSocket},
    {"RestrictNetworkInterfaces", nullptr, to_interfaces, "names of network interfaces, ~ in front to forbid them"},
    {"DeviceAllow", nullptr, to_device_rule, "a node in /dev, char-GROUP or block-GROUP, and perhaps r, w, m"},
    {"DevicePolicy", nullptr, to_device_policy, "auto, closed or strict"},
    {"OOMPolicy", nullptr, to_oom_policy, "continue, stop or kill"},
    {"ManagedOOMSwap", nullptr, to_oom_kill, kOomKill},
    {"ManagedOOMMemoryPressure", nullptr, to_oom_kill, kOomKill},
    {"ManagedOOMMemoryPressureLimit", nullptr, to_share, "a percentage"},
    {"ManagedOOMPreference", nullptr, to_oom_preference, "none, avoid or omit"},
    {"CoredumpReceive", nullptr, to_flag, kFlag},
    {"RuntimeMaxSec", "RuntimeMaxUSec", to_timespan, kSpan},
    {"TimeoutStopSec", "TimeoutStopUSec", to_timespan, kSpan},
    {"SendSIGHUP", nullptr, to_flag, kFlag},
    {"Description", nullptr, to_text, kText},
    {"Documentation", nullptr, to_texts, kText},
    {"After", nullptr, to_unit_names, kUnits},
    {"Before", nullptr, to_unit_names, kUnits},
    {"Requires", nullptr, to_unit_names, kUnits},
    {"Wants", nullptr, to_unit_names, kUnits},
    {"BindsTo", nullptr, to_unit_names, kUnits},
    {"PartOf", nullptr, to_unit_names, kUnits},
    {"Conflicts", nullptr, to_unit_names, kUnits},
};
// clang-format on

template <class T>
constexpr bool kIsList = false;
template <class T>
constexpr bool kIsList<std::vector<T>> = true;

/// A bit mask is one value, whatever it is made of.
template <class T>
constexpr bool kGrows = kIsList<T> && !std::is_same_v<T, Bytes>;

/// Adds what a list holds to the list of that name; false when there is none, or it is no list.
bool grow(std::vector<Property>& have, const std::string& name, const Value& more) {
    const auto same = std::find_if(have.begin(), have.end(), [&](const Property& property) {
        return property.name == name && property.value.index() == more.index();
    });
    if (same == have.end()) return false;
    return std::visit(
            [&](const auto& added) {
                using T = std::decay_t<decltype(added)>;
                if constexpr (kGrows<T>) {
                    auto& list = *std::get_if<T>(&same->value);
                    list.insert(list.end(), added.begin(), added.end());
                }
                return kGrows<T>;
            },
            more);
}

std::string address_text(const IpPrefix& prefix) {
    std::string text;
    for (const uint8_t byte : prefix.address)
        text += format("%02x", byte);
    return text + format("/%u", prefix.length);
}

std::string text_of(const Value& value) {
    const auto listed = [](const auto& all, auto text) {
        std::vector<std::string> texts;
        texts.reserve(all.size());
        for (const auto& one : all)
            texts.push_back(text(one));
        return join(texts, ",");
    };
    return std::visit(
            Overloaded{
                    [](bool v) { return std::string(v ? "yes" : "no"); },
                    [](const std::string& v) { return v; },
                    [](uint64_t v) { return v == UINT64_MAX ? "infinity" : std::to_string(v); },
                    [](int32_t v) { return std::to_string(v); },
                    [](uint32_t v) { return std::to_string(v); },
                    [&](const Bytes& v) {
                        return listed(v, [](uint8_t byte) { return format("%02x", byte); });
                    },
                    [](const Texts& v) { return join(v, " "); },
                    [&](const PathLimits& v) {
                        return listed(v, [](const auto& one) {
                            return one.first + " " + text_of(one.second);
                        });
                    },
                    [&](const TextPairs& v) {
                        return listed(v,
                                      [](const auto& one) { return one.first + " " + one.second; });
                    },
                    [&](const IpPrefixes& v) { return listed(v, address_text); },
                    [&](const SocketRules& v) {
                        return listed(v, [](const SocketRule& rule) {
                            return format("%d:%d:%u+%u", rule.family, rule.protocol, rule.first,
                                          rule.count);
                        });
                    },
                    [](const InterfaceList& v) {
                        return (v.allow ? "" : "~") + join(v.names, " ");
                    },
            },
            value);
}

}  // namespace

std::vector<std::string> unit_property_names() {
    std::vector<std::string> names;
    for (const Row& row : kRows)
        names.emplace_back(row.name);
    return names;
}

Result<void> assign_property(std::vector<Property>& have, const std::string& name,
                             const std::string& value) {
    const Row* row = std::find_if(std::begin(kRows), std::end(kRows),
                                  [&](const Row& candidate) { return name == candidate.name; });
    if (row == std::end(kRows)) return Error("unknown property " + quote(name));
    const std::string plain = row->on_bus != nullptr ? row->on_bus : row->name;
    const std::string share = plain + "Scale";
    const bool as_share = row->share && value.ends_with("%");
    Parsed parsed = as_share ? to_share(value) : row->parse(value);
    if (!parsed && !value.empty()) {
        return Error("value of " + name + " is " + quote(value) + ", not " + row->takes);
    }
    if (parsed && grow(have, plain, *parsed)) return {};
    std::erase_if(have, [&](const Property& earlier) {
        return earlier.name == plain || earlier.name == share;
    });
    if (!value.empty()) have.push_back({as_share ? share : plain, std::move(*parsed)});
    return {};
}

std::string describe(const Property& property) {
    return property.name + "=" + printable(text_of(property.value));
}

}  // namespace boxctl::bus
