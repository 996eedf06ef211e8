// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <optional>

#include "lib/base/text.h"
#include "lib/security/capability.h"
#include "lib/settings/values.h"
#include "lib/settings/words.h"

namespace boxctl::settings {

Result<uint64_t> to_capabilities(std::string_view text) {
    const uint64_t mask = BOX_TRY(security::parse_capabilities(text));
    if (mask == 0) return Error("names no capability");
    return mask;
}

std::string write_capabilities(const uint64_t& value) {
    return value == 0 ? "" : security::describe_capabilities(value);
}

std::vector<std::string> capability_words() {
    std::vector<std::string> words = security::capability_names();
    words.emplace_back("all");
    return words;
}

Result<security::ResourceLimit> to_rlimit(std::string_view text) {
    return security::parse_limit(text);
}

std::vector<std::string> write_rlimits(const std::vector<security::ResourceLimit>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const security::ResourceLimit& limit : values)
        texts.push_back(security::describe(limit));
    return texts;
}

std::vector<std::string> rlimit_words() {
    return security::limit_names();
}

namespace {

// Each check gives the value as the kernel or systemd is told it, or nothing when it is no such
// value.
std::optional<std::string> to_byte_limit(std::string_view text) {
    if (text == "infinity" || parse_bytes(text)) return std::string(text);
    return std::nullopt;
}

std::optional<std::string> to_count_limit(std::string_view text) {
    const auto count = parse_u64(text);
    if (text == "infinity" || (count && *count > 0)) return std::string(text);
    return std::nullopt;
}

std::optional<std::string> to_weight(std::string_view text) {
    const auto weight = parse_u32(text);
    if (!weight || *weight < 1 || *weight > 10000) return std::nullopt;
    return std::string(text);
}

std::optional<std::string> to_quota(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    const std::string_view number = text.substr(0, text.size() - 1);
    const size_t point = number.find('.');
    const auto percent = parse_u32(number.substr(0, point));
    const std::string_view fraction =
            point == std::string_view::npos ? "00" : number.substr(point + 1);
    if (!percent || fraction.size() > 2 || !parse_u32(fraction)) return std::nullopt;
    if (*percent == 0) return std::nullopt;  // the kernel's least quota is 1% of a processor
    return std::string(text);
}

std::optional<std::string> to_number_list(std::string_view text) {
    constexpr uint32_t kMost = 8192;  // processors a kernel can be built for
    std::string list(text);
    std::replace(list.begin(), list.end(), ' ', ',');
    for (const std::string& part : split(list, ',')) {
        const size_t dash = part.find('-');
        const auto first = parse_u32(part.substr(0, dash));
        const auto last = dash == std::string::npos ? first : parse_u32(part.substr(dash + 1));
        if (!first || !last || *first > *last || *last >= kMost) return std::nullopt;
    }
    return list;
}

struct Property {
    std::optional<std::string> (*check)(std::string_view);
    const char* wanted;
};

constexpr Property kBytes = {to_byte_limit, "bytes with K, M, G or T, or 'infinity'"};
constexpr Property kCount = {to_count_limit, "a number above 0, or 'infinity'"};
constexpr Property kWeight = {to_weight, "a number from 1 to 10000"};
constexpr Property kQuota = {to_quota, "a percentage such as 150%"};
constexpr Property kNumbers = {to_number_list, "a list such as 0-3,5"};

// The names of systemd.resource-control(5), and what their values look like.
constexpr Word<const Property*> kProperties[] = {
        {&kBytes, "MemoryMax"},
        {&kBytes, "MemoryHigh"},
        {&kBytes, "MemoryLow"},
        {&kBytes, "MemoryMin"},
        {&kBytes, "MemorySwapMax"},
        {&kQuota, "CPUQuota"},
        {&kWeight, "CPUWeight"},
        {&kCount, "TasksMax"},
        {&kWeight, "IOWeight"},
        {&kNumbers, "AllowedCPUs"},
        {&kNumbers, "AllowedMemoryNodes"},
};

}  // namespace

Result<Variable> to_property(std::string_view text) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) return Error("not NAME=VALUE: " + quote(text));
    const std::string_view name = text.substr(0, equals);
    const Property* property = BOX_TRY(find_word(kProperties, "property", name));
    const auto value = property->check(text.substr(equals + 1));
    if (!value) {
        return Error("value of " + std::string(name) + " is " + quote(text.substr(equals + 1)) +
                     ", not " + property->wanted);
    }
    return Variable{std::string(name), *value};
}

std::vector<std::string> property_words() {
    return words_of(kProperties);
}

}  // namespace boxctl::settings
