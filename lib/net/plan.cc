// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/net/plan.h"

#include <string_view>

#include <net/if.h>

#include "lib/base/text.h"

namespace boxctl::net {
namespace {

constexpr size_t kMaxName = IFNAMSIZ - 1;
constexpr size_t kKept = 6;
constexpr size_t kDigits = 5;

uint64_t fnv1a(uint64_t hash, std::string_view text) {
    for (const char c : text) {
        hash ^= static_cast<uint8_t>(c);
        hash *= 0x100000001b3;
    }
    return hash;
}

/// FNV-1a moves its last bytes little; the finalizer spreads them over all bits.
uint64_t name_hash(std::string_view end, std::string_view name) {
    uint64_t hash = fnv1a(fnv1a(fnv1a(0xcbf29ce484222325, end), ":"), name);
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111eb;
    return hash ^ (hash >> 31U);
}

Mac make_mac(std::string_view end, const std::string& name) {
    const uint64_t hash = name_hash(end, name);
    Mac mac;
    for (size_t i = 0; i < mac.size(); i++)
        mac[i] = static_cast<uint8_t>(hash >> (8 * i));
    mac[0] = static_cast<uint8_t>((mac[0] & 0xfcU) | 0x02U);
    return mac;
}

std::string shortened(const std::string& name) {
    // Crockford's base 32: no letter that looks like a digit or another one.
    constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    static_assert(kAlphabet.size() == 32);
    uint64_t hash = name_hash("link", name);
    std::string text = "ve-" + name.substr(0, kKept) + "_";
    for (size_t i = 0; i < kDigits; i++) {
        text += kAlphabet[hash % kAlphabet.size()];
        hash /= kAlphabet.size();
    }
    return text;
}
static_assert(sizeof "ve-" - 1 + kKept + 1 + kDigits == kMaxName);

}  // namespace

NetPlan plan_network(const settings::NetworkSettings& wanted, const std::string& machine_name) {
    NetPlan plan;
    plan.veth = wanted.veth.value;
    plan.private_network = wanted.is_private();
    if (!plan.veth) return plan;
    plan.host_link = "ve-" + machine_name;
    if (plan.host_link.size() > kMaxName) {
        plan.altname = plan.host_link;
        plan.host_link = shortened(machine_name);
    }
    plan.host_mac = make_mac("host", machine_name);
    plan.box_mac = make_mac("box", machine_name);
    return plan;
}

std::string to_string(const Mac& mac) {
    return format("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

std::string describe(const NetPlan& plan) {
    if (!plan.private_network) return "the host's network";
    if (!plan.veth) return "private network, loopback only";
    std::string text = "private network, " + printable(plan.host_link);
    if (!plan.altname.empty()) text += " (" + printable(plan.altname) + ")";
    return text + " " + to_string(plan.host_mac) + " on the host, " + printable(plan.box_link) +
           " " + to_string(plan.box_mac) + " in the box";
}

}  // namespace boxctl::net
