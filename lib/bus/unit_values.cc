// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/unit_values.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "lib/base/text.h"

namespace boxctl::bus {
namespace {

constexpr uint64_t kInfinity = UINT64_MAX;
constexpr uint32_t kMaxProcessors = 8192;

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words = split(text, ' ');
    std::erase_if(words, [](const std::string& word) { return word.empty(); });
    return words;
}

/// "12.5%" as hundredths of a percent.
std::optional<uint32_t> to_permyriad(const std::string& text) {
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
    if (!whole || !hundredths || *whole > UINT32_MAX / 100 - 1) return std::nullopt;
    return *whole * 100 + *hundredths;
}

std::optional<uint64_t> weight_of(const std::string& text) {
    const auto weight = parse_u64(text);
    if (!weight || *weight < 1 || *weight > 10000) return std::nullopt;
    return weight;
}

bool is_path(const std::string& text) {
    return text.size() > 1 && text.front() == '/' &&
           ("/" + text + "/").find("/../") == std::string::npos;
}

/// "3" or "3-7".
std::optional<std::pair<uint32_t, uint32_t>> range_of(std::string_view text) {
    const size_t dash = text.find('-');
    const auto first = parse_u32(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_u32(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return std::pair(*first, *last);
}

/// "PATH VALUE".
template <class Convert>
Parsed device_and(const std::string& text, Convert convert) {
    const std::vector<std::string> words = words_of(text);
    if (words.size() != 2 || !is_path(words[0])) return std::nullopt;
    const std::optional<uint64_t> value = convert(words[1]);
    if (!value) return std::nullopt;
    return PathLimits{{words[0], *value}};
}

template <size_t N>
Parsed one_of(const std::string& text, const std::array<const char*, N>& words) {
    const bool known =
            std::any_of(words.begin(), words.end(), [&](const char* word) { return text == word; });
    return known ? Parsed(text) : std::nullopt;
}

}  // namespace

Parsed to_flag(const std::string& text) {
    const auto value = parse_boolean(text);
    return value ? Parsed(*value) : std::nullopt;
}

Parsed to_size(const std::string& text) {
    if (text == "infinity") return kInfinity;
    const auto bytes = parse_bytes(text);
    return bytes ? Parsed(*bytes) : std::nullopt;
}

Parsed to_count(const std::string& text) {
    if (text == "infinity") return kInfinity;
    const auto count = parse_u64(text);
    return count && *count > 0 ? Parsed(*count) : std::nullopt;
}

/// systemd's scale: UINT32_MAX is all.
Parsed to_share(const std::string& text) {
    const auto share = to_permyriad(text);
    if (!share || *share > 10000) return std::nullopt;
    return static_cast<uint32_t>((uint64_t{*share} * UINT32_MAX + 5000) / 10000);
}

Parsed to_weight(const std::string& text) {
    const auto weight = weight_of(text);
    return weight ? Parsed(*weight) : std::nullopt;
}

Parsed to_cpu_weight(const std::string& text) {
    if (text == "idle") return uint64_t{0};
    return to_weight(text);
}

Parsed to_quota(const std::string& text) {
    const auto quota = to_permyriad(text);
    // 1 ms of a period of 100 ms is the least that the kernel takes.
    return quota && *quota >= 100 ? Parsed(uint64_t{*quota} * 100) : std::nullopt;
}

Parsed to_timespan(const std::string& text) {
    if (text == "infinity") return kInfinity;
    const auto span = parse_timespan(text);
    return span ? Parsed(*span) : std::nullopt;
}

Parsed to_numbers(const std::string& text) {
    Bytes mask;
    for (const std::string& part : split(text, ',')) {
        const std::vector<std::string> ranges = words_of(part);
        if (ranges.empty()) return std::nullopt;
        for (const std::string& range : ranges) {
            const auto ends = range_of(range);
            if (!ends || ends->second >= kMaxProcessors) return std::nullopt;
            if (mask.size() < ends->second / 8 + 1) mask.resize(ends->second / 8 + 1);
            for (uint32_t i = ends->first; i <= ends->second; i++)
                mask[i / 8] = static_cast<uint8_t>(mask[i / 8] | (1U << i % 8));
        }
    }
    return mask;
}

Parsed to_device_weight(const std::string& text) {
    return device_and(text, weight_of);
}

Parsed to_device_limit(const std::string& text) {
    return device_and(text, [](const std::string& word) -> std::optional<uint64_t> {
        if (word == "infinity") return kInfinity;
        return parse_bytes(word);
    });
}

Parsed to_device_latency(const std::string& text) {
    return device_and(text, [](const std::string& word) { return parse_timespan(word); });
}

Parsed to_device_rule(const std::string& text) {
    const std::vector<std::string> words = words_of(text);
    if (words.empty() || words.size() > 2) return std::nullopt;
    const bool group = words[0].starts_with("char-") || words[0].starts_with("block-");
    if (!group && !(is_path(words[0]) && words[0].starts_with("/dev/"))) return std::nullopt;
    const std::string rights = words.size() == 2 ? words[1] : "rwm";
    if (rights.find_first_not_of("rwm") != std::string::npos) return std::nullopt;
    return TextPairs{{words[0], rights}};
}

Parsed to_device_policy(const std::string& text) {
    return one_of(text, std::array{"auto", "closed", "strict"});
}

namespace {

IpPrefix prefix_of(int family, const char* address, uint32_t length) {
    IpPrefix prefix;
    prefix.family = family;
    prefix.address.resize(family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr));
    // The callers' addresses are constants, or were parsed once already.
    if (inet_pton(family, address, prefix.address.data()) != 1) return prefix;
    prefix.length = length;
    return prefix;
}

std::optional<IpPrefixes> prefixes_of(const std::string& word) {
    if (word == "any")
        return IpPrefixes{prefix_of(AF_INET, "0.0.0.0", 0), prefix_of(AF_INET6, "::", 0)};
    if (word == "localhost")
        return IpPrefixes{prefix_of(AF_INET, "127.0.0.0", 8), prefix_of(AF_INET6, "::1", 128)};
    if (word == "link-local")
        return IpPrefixes{prefix_of(AF_INET, "169.254.0.0", 16), prefix_of(AF_INET6, "fe80::", 64)};
    if (word == "multicast")
        return IpPrefixes{prefix_of(AF_INET, "224.0.0.0", 4), prefix_of(AF_INET6, "ff00::", 8)};
    const size_t slash = word.find('/');
    const std::string address = word.substr(0, slash);
    in6_addr parsed = {};
    int family = AF_UNSPEC;
    if (inet_pton(AF_INET, address.c_str(), &parsed) == 1)
        family = AF_INET;
    else if (inet_pton(AF_INET6, address.c_str(), &parsed) == 1)
        family = AF_INET6;
    const uint32_t bits = family == AF_INET ? 32 : 128;
    const auto length =
            slash == std::string::npos ? bits : parse_u32(std::string_view(word).substr(slash + 1));
    if (family == AF_UNSPEC || !length || *length > bits) return std::nullopt;
    return IpPrefixes{prefix_of(family, address.c_str(), *length)};
}

}  // namespace

Parsed to_addresses(const std::string& text) {
    IpPrefixes all;
    for (const std::string& word : words_of(text)) {
        const auto some = prefixes_of(word);
        if (!some) return std::nullopt;
        all.insert(all.end(), some->begin(), some->end());
    }
    return all.empty() ? std::nullopt : Parsed(all);
}

Parsed to_socket_rule(const std::string& text) {
    if (text == "any") return SocketRules{{}};
    SocketRule rule;
    std::vector<std::string> parts = split(text, ':');
    std::string ports = parts.back();
    parts.pop_back();
    // [ipv4|ipv6:][tcp|udp:]PORTS; one of the first two may stand in the place of the ports.
    if (ports == "ipv4" || ports == "ipv6" || ports == "tcp" || ports == "udp") {
        parts.push_back(std::exchange(ports, "any"));
    }
    size_t next = 0;
    if (next < parts.size() && (parts[next] == "ipv4" || parts[next] == "ipv6")) {
        rule.family = parts[next++] == "ipv4" ? AF_INET : AF_INET6;
    }
    if (next < parts.size() && (parts[next] == "tcp" || parts[next] == "udp")) {
        rule.protocol = parts[next++] == "tcp" ? IPPROTO_TCP : IPPROTO_UDP;
    }
    if (next != parts.size()) return std::nullopt;
    if (ports == "any") return SocketRules{rule};
    const auto ends = range_of(ports);
    if (!ends || ends->first == 0 || ends->second > UINT16_MAX) return std::nullopt;
    const auto [first, last] = *ends;
    rule.first = static_cast<uint16_t>(first);
    rule.count = static_cast<uint16_t>(last - first + 1);
    return SocketRules{rule};
}

Parsed to_interfaces(const std::string& text) {
    InterfaceList list;
    list.allow = !text.starts_with("~");
    list.names = words_of(list.allow ? text : text.substr(1));
    const bool valid =
            !list.names.empty() &&
            std::all_of(list.names.begin(), list.names.end(), [](const std::string& name) {
                return name.size() < 128 && name.find_first_of("/:%") == std::string::npos;
            });
    return valid ? Parsed(list) : std::nullopt;
}

Parsed to_absolute_path(const std::string& text) {
    return is_path(text) ? Parsed(Texts{text}) : std::nullopt;
}

Parsed to_unit_names(const std::string& text) {
    Texts units = words_of(text);
    const bool valid =
            !units.empty() && std::all_of(units.begin(), units.end(), [](const std::string& unit) {
                return unit.find('/') == std::string::npos && unit.find('.') != std::string::npos;
            });
    return valid ? Parsed(units) : std::nullopt;
}

Parsed to_text(const std::string& text) {
    return printable(text) == text ? Parsed(text) : std::nullopt;
}

Parsed to_texts(const std::string& text) {
    return printable(text) == text ? Parsed(words_of(text)) : std::nullopt;
}

Parsed to_oom_policy(const std::string& text) {
    return one_of(text, std::array{"continue", "stop", "kill"});
}

Parsed to_oom_kill(const std::string& text) {
    return one_of(text, std::array{"auto", "kill"});
}

Parsed to_oom_preference(const std::string& text) {
    return one_of(text, std::array{"none", "avoid", "omit"});
}

Parsed to_pressure_watch(const std::string& text) {
    return one_of(text, std::array{"auto", "on", "off", "skip"});
}

}  // namespace boxctl::bus
