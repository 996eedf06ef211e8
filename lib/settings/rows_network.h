// SPDX-License-Identifier: LGPL-2.1-or-later
// The network of the box.
#pragma once

#include "lib/settings/rows.h"

namespace boxctl::settings {

// clang-format off
inline constexpr Row kNetworkRows[] = {
    {"Network", "Private", "private-network", 0, "[=BOOL]", "private_network", Verbs::both, Trust::admin, Group::network,
     flag<&NetworkSettings::private_network>(), bool_words, "A network of its own, with lo (default: yes)", "yes", Together::network},
    {"Network", "VirtualEthernet", "network-veth", 'n', "[=BOOL]", "network_veth", Verbs::both, Trust::admin, Group::network,
     flag<&NetworkSettings::veth>(), bool_words, "Link the host (ve-NAME) and the box (host0)", "yes", Together::network},
};
// clang-format on

}  // namespace boxctl::settings
