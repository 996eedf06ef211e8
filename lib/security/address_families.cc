// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/address_families.h"

#include <algorithm>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "lib/base/text.h"
#include "lib/security/names.h"

namespace boxctl::security {
namespace {

static_assert(kDefaultFamilies ==
              std::array<uint32_t, 5>{AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET});
static_assert(kDeniedNetlinkProtocol == NETLINK_AUDIT);

struct Family {
    const char* name;
    uint32_t number;
};

// Of include/linux/socket.h; a name that stands behind another of the same number is only read.
// clang-format off
constexpr Family kFamilies[] = {
    {"AF_UNIX", AF_UNIX}, {"AF_LOCAL", AF_LOCAL}, {"AF_INET", AF_INET}, {"AF_AX25", AF_AX25},
    {"AF_IPX", AF_IPX}, {"AF_APPLETALK", AF_APPLETALK}, {"AF_NETROM", AF_NETROM},
    {"AF_BRIDGE", AF_BRIDGE}, {"AF_ATMPVC", AF_ATMPVC}, {"AF_X25", AF_X25}, {"AF_INET6", AF_INET6},
    {"AF_ROSE", AF_ROSE}, {"AF_SECURITY", AF_SECURITY}, {"AF_KEY", AF_KEY},
    {"AF_NETLINK", AF_NETLINK}, {"AF_ROUTE", AF_ROUTE}, {"AF_PACKET", AF_PACKET},
    {"AF_ASH", AF_ASH}, {"AF_ECONET", AF_ECONET}, {"AF_ATMSVC", AF_ATMSVC}, {"AF_RDS", AF_RDS},
    {"AF_SNA", AF_SNA}, {"AF_IRDA", AF_IRDA}, {"AF_PPPOX", AF_PPPOX}, {"AF_WANPIPE", AF_WANPIPE},
    {"AF_LLC", AF_LLC}, {"AF_IB", AF_IB}, {"AF_MPLS", AF_MPLS}, {"AF_CAN", AF_CAN},
    {"AF_TIPC", AF_TIPC}, {"AF_BLUETOOTH", AF_BLUETOOTH}, {"AF_IUCV", AF_IUCV},
    {"AF_RXRPC", AF_RXRPC}, {"AF_ISDN", AF_ISDN}, {"AF_PHONET", AF_PHONET},
    {"AF_IEEE802154", AF_IEEE802154}, {"AF_CAIF", AF_CAIF}, {"AF_ALG", AF_ALG}, {"AF_NFC", AF_NFC},
    {"AF_VSOCK", AF_VSOCK}, {"AF_KCM", AF_KCM}, {"AF_QIPCRTR", AF_QIPCRTR}, {"AF_SMC", AF_SMC},
    {"AF_XDP", AF_XDP}, {"AF_MCTP", AF_MCTP},
};
// clang-format on

bool contains(const std::vector<uint32_t>& families, uint32_t family) {
    return std::find(families.begin(), families.end(), family) != families.end();
}

}  // namespace

std::vector<uint32_t> FamilyFilter::families() const {
    std::vector<uint32_t> allowed(kDefaultFamilies.begin(), kDefaultFamilies.end());
    if (kind == Kind::only && widens) allowed = listed;
    std::erase_if(allowed, [&](uint32_t family) {
        return kind != Kind::unset && contains(listed, family) != (kind == Kind::only);
    });
    std::sort(allowed.begin(), allowed.end());
    return allowed;
}

Result<FamilyFilter> parse_families(std::string_view text) {
    FamilyFilter filter;
    filter.kind = text.starts_with('~') ? FamilyFilter::Kind::all_but : FamilyFilter::Kind::only;
    if (trim(text) == "none") return filter;
    if (filter.kind == FamilyFilter::Kind::all_but) text.remove_prefix(1);
    for (const std::string& word : split_blanks(text)) {
        const auto* known = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                         [&](const Family& family) { return word == family.name; });
        if (known == std::end(kFamilies)) {
            return unknown_name("address family", word, upper(word), family_names());
        }
        if (!contains(filter.listed, known->number)) filter.listed.push_back(known->number);
    }
    if (filter.listed.empty()) return Error("names no address family");
    return filter;
}

void merge(FamilyFilter& have, const FamilyFilter& more) {
    const bool starts = have.kind == FamilyFilter::Kind::unset;
    if (starts || more.kind == FamilyFilter::Kind::unset) {
        have = more;
        return;
    }
    have.widens = have.widens && more.widens;
    for (const uint32_t family : more.listed) {
        std::erase(have.listed, family);
        if (have.kind == more.kind) have.listed.push_back(family);
    }
}

std::string describe_families(const std::vector<uint32_t>& families) {
    if (families.empty()) return "none";
    std::vector<std::string> names;
    for (const uint32_t number : families) {
        const auto* known = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                         [&](const Family& one) { return one.number == number; });
        names.push_back(known != std::end(kFamilies) ? known->name : std::to_string(number));
    }
    return join(names, " ");
}

std::string describe(const FamilyFilter& filter) {
    switch (filter.kind) {
        case FamilyFilter::Kind::unset:
            return "";
        case FamilyFilter::Kind::only:
            return describe_families(filter.listed);
        case FamilyFilter::Kind::all_but:
            return filter.listed.empty() ? "" : "~" + describe_families(filter.listed);
    }
    return "";
}

std::vector<std::string> family_names() {
    std::vector<std::string> names;
    for (const Family& family : kFamilies)
        names.emplace_back(family.name);
    return names;
}

}  // namespace boxctl::security
