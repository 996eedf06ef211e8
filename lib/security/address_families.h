// SPDX-License-Identifier: LGPL-2.1-or-later
// Address families that socket(2) may ask for (--restrict-address-families), as systemd.exec(5)
// spells them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::security {

/// Any other gets EAFNOSUPPORT: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET.
inline constexpr std::array<uint32_t, 5> kDefaultFamilies = {1, 2, 10, 16, 17};
/// The netlink protocol that no box can use: the kernel's audit is not namespaced.
inline constexpr uint32_t kDeniedNetlinkProtocol = 9;  // NETLINK_AUDIT

/// Made of one or more lists: "AF_UNIX AF_INET" allows these only, "none" allows none, and
/// "~AF_PACKET" denies one of the default. The first list says which of it the filter is; a later
/// one of the other kind takes its families out again.
struct FamilyFilter {
    enum class Kind { unset, only, all_but };
    Kind kind = Kind::unset;
    std::vector<uint32_t> listed;
    bool widens = true;  ///< may allow a family that is not among the default ones

    /// What socket(2) may ask for, ascending.
    [[nodiscard]] std::vector<uint32_t> families() const;
};

Result<FamilyFilter> parse_families(std::string_view text);
/// `more` was said after `have`; an unset one takes back what was said.
void merge(FamilyFilter& have, const FamilyFilter& more);
/// What parse_families() reads back; empty where nothing was said.
std::string describe(const FamilyFilter& filter);
/// "AF_UNIX AF_INET", in the order given; "none" for nothing.
std::string describe_families(const std::vector<uint32_t>& families);
std::vector<std::string> family_names();

}  // namespace boxctl::security
