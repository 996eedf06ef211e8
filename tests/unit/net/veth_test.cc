// SPDX-License-Identifier: LGPL-2.1-or-later
// Real cables between two fresh network namespaces; the machine's own network is never entered.
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/net/apply.h"
#include "lib/net/rtnl.h"
#include "lib/os/file.h"

using namespace boxctl;

namespace {

boost::test_tools::assertion_result is_root(boost::unit_test::test_unit_id) {
    return geteuid() == 0;
}

os::UniqueFd own_netns() {
    return os::open_host("/proc/self/ns/net", O_RDONLY).value();
}

void enter(const os::UniqueFd& netns) {
    BOOST_REQUIRE(setns(netns.get(), CLONE_NEWNET) == 0);
}

/// The test runs in `host`, a namespace of its own, with `box` for the other end.
struct TwoNetworks {
    TwoNetworks() {
        BOOST_REQUIRE(unshare(CLONE_NEWNET) == 0);
        box = own_netns();
        BOOST_REQUIRE(unshare(CLONE_NEWNET) == 0);
        host = own_netns();
    }
    ~TwoNetworks() { setns(real.get(), CLONE_NEWNET); }

    os::UniqueFd real = own_netns();
    os::UniqueFd box;
    os::UniqueFd host;
};

net::NetPlan cable(const std::string& machine) {
    settings::NetworkSettings wanted;
    wanted.veth.value = true;
    return net::plan_network(wanted, machine);
}

template <class T>
std::string failure(const Result<T>& result) {
    return result ? "" : result.error().message();
}

/// Nothing when there is no such link here.
std::optional<net::LinkInfo> link_named(const std::string& name) {
    auto rtnl = net::Rtnl::open();
    BOOST_REQUIRE(rtnl.has_value());
    auto link = rtnl->find_link(name);
    BOOST_REQUIRE_EQUAL(failure(link), "");
    return *link;
}

bool is_up(const std::string& name) {
    const os::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    BOOST_REQUIRE(ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0);
    return (request.ifr_flags & IFF_UP) != 0;
}

/// A pair that has nothing to do with boxctl.
void make_foreign(const std::string& name) {
    const os::UniqueFd here = own_netns();
    auto rtnl = net::Rtnl::open();
    const auto made = rtnl->make_veth({.name = name,
                                       .mac = {2, 0, 0, 0, 0, 1},
                                       .peer_name = "other",
                                       .peer_mac = {2, 0, 0, 0, 0, 2},
                                       .peer_netns = here});
    BOOST_REQUIRE_EQUAL(failure(made), "");
}

bool can_open_ping_socket() {
    return os::UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP)).valid();
}

bool reaches_localhost() {
    const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net_veth, *boost::unit_test::precondition(is_root))

BOOST_FIXTURE_TEST_CASE(both_ends_are_where_and_what_the_plan_says, TwoNetworks) {
    const net::NetPlan plan = cable("web");
    const auto made = net::make_veth(plan, box, "web");
    BOOST_REQUIRE_EQUAL(failure(made), "");
    BOOST_TEST(made->name == "ve-web");
    BOOST_TEST(made->index == if_nametoindex("ve-web"));
    const auto here = link_named("ve-web");
    BOOST_REQUIRE(here.has_value());
    BOOST_TEST(here->alias == "boxctl:web");
    BOOST_CHECK(here->mac == plan.host_mac);
    BOOST_TEST(is_up("ve-web"));
    BOOST_TEST(if_nametoindex("host0") == 0U);

    enter(box);
    const auto there = link_named("host0");
    BOOST_REQUIRE(there.has_value());
    BOOST_CHECK(there->mac == plan.box_mac);
    BOOST_TEST(!is_up("host0"));
}

BOOST_FIXTURE_TEST_CASE(a_shortened_link_is_found_by_its_whole_name, TwoNetworks) {
    const net::NetPlan plan = cable("a-rather-long-machine-name");
    const auto made = net::make_veth(plan, box, "a-rather-long-machine-name");
    BOOST_REQUIRE_EQUAL(failure(made), "");
    const auto link = link_named("ve-a-rather-long-machine-name");
    BOOST_REQUIRE(link.has_value());
    BOOST_TEST(link->index == made->index);
    BOOST_TEST(link->name == plan.host_link);
}

BOOST_FIXTURE_TEST_CASE(boxes_alike_in_twelve_characters_both_start, TwoNetworks) {
    BOOST_REQUIRE(unshare(CLONE_NEWNET) == 0);
    const os::UniqueFd second_box = own_netns();
    enter(host);
    BOOST_TEST(failure(net::make_veth(cable("verylongname-1"), box, "verylongname-1")) == "");
    BOOST_TEST(failure(net::make_veth(cable("verylongname-2"), second_box, "verylongname-2")) ==
               "");
}

BOOST_FIXTURE_TEST_CASE(a_foreign_link_is_never_deleted, TwoNetworks) {
    make_foreign("ve-web");
    const auto before = link_named("ve-web");
    const auto made = net::make_veth(cable("web"), box, "web");
    BOOST_REQUIRE(!made.has_value());
    BOOST_TEST(made.error().code() == EEXIST);
    BOOST_TEST(made.error().message().find("a link of that name is not boxctl's") !=
               std::string::npos);
    BOOST_TEST(failure(net::remove_veth("web")) == "");
    const auto after = link_named("ve-web");
    BOOST_REQUIRE(after.has_value());
    BOOST_TEST(after->index == before->index);
}

BOOST_FIXTURE_TEST_CASE(the_link_of_another_machine_is_never_deleted, TwoNetworks) {
    make_foreign("ve-web");
    auto rtnl = net::Rtnl::open();
    BOOST_REQUIRE(rtnl->tag_and_set_up(if_nametoindex("ve-web"), "boxctl:other").has_value());
    BOOST_TEST(!net::make_veth(cable("web"), box, "web").has_value());
    BOOST_TEST(failure(net::remove_veth("web")) == "");
    BOOST_TEST(link_named("ve-web").has_value());
}

BOOST_FIXTURE_TEST_CASE(a_taken_altname_leaves_nothing_half_made, TwoNetworks) {
    const net::NetPlan plan = cable("a-rather-long-machine-name");
    make_foreign("eth7");
    auto rtnl = net::Rtnl::open();
    BOOST_REQUIRE(rtnl->add_altname(if_nametoindex("eth7"), plan.altname).has_value());
    const auto made = net::make_veth(plan, box, "a-rather-long-machine-name");
    BOOST_REQUIRE(!made.has_value());
    BOOST_TEST(made.error().message().find(plan.altname) != std::string::npos);
    BOOST_TEST(!link_named(plan.host_link).has_value());
    BOOST_TEST(link_named("eth7").has_value());
    enter(box);
    BOOST_TEST(!link_named("host0").has_value());
}

BOOST_FIXTURE_TEST_CASE(a_left_over_of_the_same_machine_is_replaced, TwoNetworks) {
    const auto first = net::make_veth(cable("web"), box, "web");
    BOOST_REQUIRE_EQUAL(failure(first), "");
    const auto second = net::make_veth(cable("web"), box, "web");
    BOOST_REQUIRE_EQUAL(failure(second), "");
    BOOST_TEST(second->index != first->index);
}

BOOST_FIXTURE_TEST_CASE(a_pair_made_but_not_yet_tagged_is_replaced, TwoNetworks) {
    const net::NetPlan plan = cable("web");
    auto rtnl = net::Rtnl::open();
    BOOST_REQUIRE(rtnl->make_veth({.name = plan.host_link,
                                   .mac = plan.host_mac,
                                   .peer_name = plan.box_link,
                                   .peer_mac = plan.box_mac,
                                   .peer_netns = box})
                          .has_value());
    BOOST_TEST(failure(net::make_veth(plan, box, "web")) == "");
}

BOOST_FIXTURE_TEST_CASE(a_taken_name_in_the_box_is_reported_and_nothing_made, TwoNetworks) {
    enter(box);
    make_foreign("host0");
    enter(host);
    const auto made = net::make_veth(cable("web"), box, "web");
    BOOST_REQUIRE(!made.has_value());
    BOOST_TEST(made.error().code() == EEXIST);
    BOOST_TEST(!link_named("ve-web").has_value());
}

BOOST_FIXTURE_TEST_CASE(removal_takes_the_pair_and_may_be_repeated, TwoNetworks) {
    BOOST_REQUIRE_EQUAL(failure(net::make_veth(cable("web"), box, "web")), "");
    BOOST_TEST(failure(net::remove_veth("web")) == "");
    BOOST_TEST(!link_named("ve-web").has_value());
    BOOST_TEST(failure(net::remove_veth("web")) == "");
    enter(box);
    BOOST_TEST(!link_named("host0").has_value());
}

BOOST_FIXTURE_TEST_CASE(names_of_any_length_are_refused_not_cut, TwoNetworks) {
    auto rtnl = net::Rtnl::open();
    for (const size_t size : {16U, 255U, 8192U, 70000U}) {
        const std::string name(size, 'x');
        BOOST_TEST(!rtnl->make_veth({.name = name, .peer_name = "host0", .peer_netns = box})
                            .has_value());
        BOOST_TEST(!rtnl->make_veth({.name = "ve-x", .peer_name = name, .peer_netns = box})
                            .has_value());
        BOOST_TEST(!rtnl->tag_and_set_up(1, std::string(size + 70000, 'x')).has_value());
    }
    BOOST_TEST(!rtnl->add_altname(1, std::string(128, 'x')).has_value());
    BOOST_TEST(!rtnl->find_link(std::string(70000, 'x')).has_value());
    BOOST_TEST(!link_named("ve-x").has_value());
}

BOOST_FIXTURE_TEST_CASE(the_kernels_words_are_part_of_the_error, TwoNetworks) {
    auto rtnl = net::Rtnl::open();
    const auto gone = rtnl->delete_link(4711);
    BOOST_REQUIRE(!gone.has_value());
    BOOST_TEST(gone.error().code() == ENODEV);
    BOOST_TEST(gone.error().message() == "delete link 4711: No such device");
    const auto bad = rtnl->make_veth({.name = "ve-x", .peer_name = "host0"});
    BOOST_REQUIRE(!bad.has_value());
    BOOST_TEST(bad.error().message().starts_with("make link 've-x': "));
}

BOOST_FIXTURE_TEST_CASE(loopback_works_once_it_is_up, TwoNetworks) {
    BOOST_TEST(!reaches_localhost());
    BOOST_TEST(failure(net::bring_up_loopback()) == "");
    BOOST_TEST(is_up("lo"));
    BOOST_TEST(reaches_localhost());
}

BOOST_FIXTURE_TEST_CASE(ping_needs_no_privilege_in_the_opened_range, TwoNetworks) {
    BOOST_TEST(!can_open_ping_socket());
    BOOST_TEST(failure(net::open_ping_range(0, 65535)) == "");
    BOOST_TEST(can_open_ping_socket());
    BOOST_TEST(!net::open_ping_range(5, UINT32_MAX).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
