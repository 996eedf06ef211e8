// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/net/apply.h"

#include <cstring>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/net/rtnl.h"
#include "lib/os/file.h"

namespace boxctl::net {
namespace {

std::string tag_of(const std::string& machine) {
    return "boxctl:" + machine;
}

/// A link is ours by its tag. Making and tagging are two requests; between them the link has no
/// alias yet, but from its first moment the address that only this machine's name gives.
bool is_ours(const LinkInfo& link, const std::string& machine, const NetPlan& plan) {
    if (link.alias.empty()) return link.mac == plan.host_mac;
    return link.alias == tag_of(machine);
}

Error foreign_link(const std::string& name) {
    Error error(EEXIST, "make link " + quote(name) + ": a link of that name is not boxctl's");
    error.set_hint("remove or rename it, or give the box another name");
    return error;
}

/// Deletes what a former box of this name left; false when there was nothing of ours.
Result<bool> remove_left_over(Rtnl& rtnl, const std::string& machine, const NetPlan& plan) {
    const auto link = BOX_TRY(rtnl.find_link(plan.host_link));
    if (!link || !is_ours(*link, machine, plan)) return false;
    const auto deleted = rtnl.delete_link(link->index);
    // The pair may have gone meanwhile, with the namespace of its other end.
    if (!deleted && deleted.error().code() != ENODEV) return deleted.error();
    return true;
}

Result<void> make_pair_once(Rtnl& rtnl, const NetPlan& plan, os::BorrowedFd box_netns) {
    return rtnl.make_veth({.name = plan.host_link,
                           .mac = plan.host_mac,
                           .peer_name = plan.box_link,
                           .peer_mac = plan.box_mac,
                           .peer_netns = box_netns});
}

Result<void> make_pair(Rtnl& rtnl, const NetPlan& plan, os::BorrowedFd box_netns,
                       const std::string& machine) {
    auto made = make_pair_once(rtnl, plan, box_netns);
    if (made || made.error().code() != EEXIST) return made;
    if (BOX_TRY(remove_left_over(rtnl, machine, plan)))
        made = make_pair_once(rtnl, plan, box_netns);
    if (made || made.error().code() != EEXIST) return made;
    if (BOX_TRY(rtnl.find_link(plan.host_link))) return foreign_link(plan.host_link);
    return made;  // then the box's end exists already
}

}  // namespace

Result<Link> make_veth(const NetPlan& plan, os::BorrowedFd box_netns, const std::string& machine) {
    Rtnl rtnl = BOX_TRY(Rtnl::open());
    BOX_TRY(make_pair(rtnl, plan, box_netns, machine));
    const auto link = BOX_TRY(rtnl.find_link(plan.host_link));
    if (!link) return Error(ENODEV, "find link " + quote(plan.host_link));
    ScopeGuard undo([&] { (void)rtnl.delete_link(link->index); });
    if (!plan.altname.empty()) {
        auto named = rtnl.add_altname(link->index, plan.altname);
        if (!named && named.error().code() == EEXIST) return foreign_link(plan.altname);
        if (!named) return std::move(named).error();
    }
    BOX_TRY(rtnl.tag_and_set_up(link->index, tag_of(machine)));
    undo.dismiss();
    return Link{.index = link->index, .name = plan.host_link};
}

Result<void> remove_veth(const std::string& machine) {
    settings::NetworkSettings with_cable;
    with_cable.veth.value = true;
    const NetPlan plan = plan_network(with_cable, machine);
    // Mostly there is nothing to remove; finding that out shall not take libmnl.
    if (if_nametoindex(plan.host_link.c_str()) == 0 && errno == ENODEV) return {};
    Rtnl rtnl = BOX_TRY(Rtnl::open());
    BOX_TRY(remove_left_over(rtnl, machine, plan));
    return {};
}

Result<void> bring_up_loopback() {
    // Any kind of socket will do for these requests, and this one exists in every kernel.
    const os::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) return errno_error("set loopback up: open a socket");
    ifreq request = {};
    strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    // A fresh "lo" has no flag set that this would clear.
    request.ifr_flags = IFF_UP;
    if (ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0) return errno_error("set loopback up");
    return {};
}

Result<void> open_ping_range(gid_t first, gid_t last) {
    return os::write_file("/proc/sys/net/ipv4/ping_group_range", format("%u %u", first, last))
            .context("open ping");
}

}  // namespace boxctl::net
