// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/net/plan.h"

#include <set>

#include <boost/test/unit_test.hpp>

using namespace boxctl;

namespace {

net::NetPlan plan(const std::string& name, bool veth = true, bool private_network = true) {
    settings::NetworkSettings wanted;
    wanted.veth.value = veth;
    wanted.private_network.value = private_network;
    return net::plan_network(wanted, name);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net_plan)

BOOST_AUTO_TEST_CASE(without_a_cable_only_the_namespace_is_planned) {
    const net::NetPlan alone = plan("web", false);
    BOOST_TEST(alone.private_network);
    BOOST_TEST(!alone.veth);
    BOOST_TEST(alone.host_link.empty());
    BOOST_TEST(net::describe(alone) == "private network, loopback only");
    BOOST_TEST(net::describe(plan("web", false, false)) == "the host's network");
}

BOOST_AUTO_TEST_CASE(a_cable_implies_a_private_network) {
    BOOST_TEST(plan("web", true, false).private_network);
}

BOOST_AUTO_TEST_CASE(a_name_that_fits_is_kept_whole) {
    BOOST_TEST(plan("web").host_link == "ve-web");
    BOOST_TEST(plan("web").altname.empty());
    BOOST_TEST(plan("abcdefghijkl").host_link == "ve-abcdefghijkl");
    BOOST_TEST(plan("abcdefghijkl").altname.empty());
}

BOOST_AUTO_TEST_CASE(a_long_name_is_shortened_and_kept_as_altname) {
    const net::NetPlan planned = plan("abcdefghijklm");
    BOOST_TEST(planned.host_link.size() == 15U);
    BOOST_TEST(planned.host_link.substr(0, 10) == "ve-abcdef_");
    BOOST_TEST(planned.altname == "ve-abcdefghijklm");
}

BOOST_AUTO_TEST_CASE(names_alike_in_the_first_twelve_characters_differ) {
    std::set<std::string> links;
    std::set<net::Mac> macs;
    for (int i = 0; i < 2000; i++) {
        const net::NetPlan planned = plan("verylongname" + std::to_string(i));
        links.insert(planned.host_link);
        macs.insert(planned.host_mac);
        macs.insert(planned.box_mac);
    }
    BOOST_TEST(links.size() == 2000U);
    BOOST_TEST(macs.size() == 4000U);
}

// These values are an interface: running boxes and leases of DHCP servers know them.
BOOST_AUTO_TEST_CASE(names_and_addresses_never_change) {
    BOOST_TEST(net::describe(plan("web")) ==
               "private network, ve-web 6a:76:28:48:a1:10 on the host, host0 ca:f2:90:c1:3d:47 in "
               "the box");
    BOOST_TEST(net::describe(plan("build-machine-7")) ==
               "private network, ve-build-_nwnps (ve-build-machine-7) aa:a9:b8:f8:d2:1d on the "
               "host, host0 82:ae:a4:1c:40:34 "
               "in the box");
}

BOOST_AUTO_TEST_CASE(addresses_are_unicast_and_locally_administered) {
    for (int i = 0; i < 256; i++) {
        const net::NetPlan planned = plan("m" + std::to_string(i));
        BOOST_TEST((planned.host_mac[0] & 3U) == 2U);
        BOOST_TEST((planned.box_mac[0] & 3U) == 2U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
