// SPDX-License-Identifier: LGPL-2.1-or-later
// Network plan: which links a box gets and what they are called. Pure; apply.h carries it out.
//
// Everything follows from the machine's name, so a box keeps its link name and its addresses from
// boot to boot and a left-over of a killed boxctl can be found again without any record.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "lib/settings/settings.h"

namespace boxctl::net {

using Mac = std::array<uint8_t, 6>;

struct NetPlan {
    bool private_network = true;
    bool veth = false;      ///< a virtual cable between host and box; the rest is for it
    std::string host_link;  ///< host end: "ve-NAME", at most 15 characters
    std::string altname;    ///< "ve-NAME" in full when host_link had to be shortened, else empty
    std::string box_link = "host0";
    Mac host_mac = {};
    Mac box_mac = {};

    bool operator==(const NetPlan&) const = default;
};

/// A cable implies a private network.
///
/// Names longer than 12 characters give "ve-", their first 6 characters, "_" and 5 characters of a
/// hash (25 bits). No machine name holds "_", so a shortened name never equals a whole one.
///
/// Addresses are 46 bits of a hash of the name and the end, with the bits for "locally
/// administered" set and "group" cleared (IEEE 802, as RFC 7042 section 2.1 tells it). The hash is
/// FNV-1a (64 bits) of END ":" NAME, END being "link", "host" or "box", passed through the
/// finalizer of SplitMix64. Changing it renames the links of running boxes: do not.
NetPlan plan_network(const settings::NetworkSettings& wanted, const std::string& machine_name);

/// "02:1f:…".
std::string to_string(const Mac& mac);

/// One line for the printed plan.
std::string describe(const NetPlan& plan);

}  // namespace boxctl::net
