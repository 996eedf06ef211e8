// SPDX-License-Identifier: LGPL-2.1-or-later
// Property: a setting of a unit as it travels over the bus (org.freedesktop.systemd1(5)).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace boxctl::bus {

using Bytes = std::vector<uint8_t>;                                  ///< ay
using Texts = std::vector<std::string>;                              ///< as
using PathLimits = std::vector<std::pair<std::string, uint64_t>>;    ///< a(st): path, limit
using TextPairs = std::vector<std::pair<std::string, std::string>>;  ///< a(ss)

struct IpPrefix {
    int32_t family = 0;  ///< AF_INET or AF_INET6
    Bytes address;       ///< 4 or 16, in network order
    uint32_t length = 0;
    bool operator==(const IpPrefix&) const = default;
};
using IpPrefixes = std::vector<IpPrefix>;  ///< a(iayu)

struct SocketRule {
    int32_t family = 0;    ///< AF_INET, AF_INET6; 0: both
    int32_t protocol = 0;  ///< IPPROTO_TCP, IPPROTO_UDP; 0: both
    uint16_t count = 0;    ///< of ports from `first` on; 0: all there are
    uint16_t first = 0;
    bool operator==(const SocketRule&) const = default;
};
using SocketRules = std::vector<SocketRule>;  ///< a(iiqq)

struct InterfaceList {
    bool allow = true;
    Texts names;
    bool operator==(const InterfaceList&) const = default;
};  ///< (bas)

using Value = std::variant<bool, int32_t, uint32_t, uint64_t, std::string, Bytes, Texts, PathLimits,
                           TextPairs, IpPrefixes, SocketRules, InterfaceList>;

struct Property {
    std::string name;
    Value value;
    bool operator==(const Property&) const = default;
};

}  // namespace boxctl::bus
