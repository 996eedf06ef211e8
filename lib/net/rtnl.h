// SPDX-License-Identifier: LGPL-2.1-or-later
// Rtnl: the few link requests a launch makes, over NETLINK_ROUTE (rtnetlink(7)).
//
// Messages are built and read with libmnl, which is loaded at the first open(): a launch without a
// cable does not pay for it. Each call is one request and its answer; the kernel's own words
// (extended acknowledgements) become part of the error. Errors carry the kernel's errno.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/net/plan.h"
#include "lib/os/fd.h"

struct nlmsghdr;

namespace boxctl::net {

struct LibMnl;

struct LinkInfo {
    uint32_t index = 0;
    std::string name;
    std::string alias;
    Mac mac = {};
};

struct VethRequest {
    std::string name;  ///< of the end in our network namespace, at most 15 characters
    Mac mac = {};
    std::string peer_name;
    Mac peer_mac = {};
    os::BorrowedFd peer_netns{-1};  ///< the peer is born there and dies with that namespace
};

class Rtnl {
 public:
    /// A socket in the network namespace of the caller. Fails when libmnl is not installed.
    static Result<Rtnl> open();

    /// Makes the pair, both ends down. EEXIST when either name is taken.
    Result<void> make_veth(const VethRequest& request);
    /// Sets the alias (IFLA_IFALIAS) and takes the link up, in one request.
    Result<void> tag_and_set_up(uint32_t index, const std::string& alias);
    Result<void> set_up(uint32_t index);
    Result<void> add_altname(uint32_t index, const std::string& altname);
    /// Deletes the link, and with it the other end of a pair. ENODEV when it is gone.
    Result<void> delete_link(uint32_t index);
    /// The link with this name or alternative name; nullopt when there is none.
    Result<std::optional<LinkInfo>> find_link(const std::string& name);

 private:
    Rtnl(const LibMnl& mnl, os::UniqueFd socket) : mnl_(&mnl), socket_(std::move(socket)) {}
    class Request;
    /// Sends `request` and reads up to its acknowledgement; `reply` gets the link it tells of.
    Result<void> talk(Request& request, const std::string& what, LinkInfo* reply = nullptr);
    /// Reads one datagram; true when it ended the conversation.
    Result<bool> read_answer(const std::string& what, LinkInfo* reply);
    Error ack_error(const nlmsghdr* header, const std::string& what) const;
    Result<LinkInfo> parse_link(const nlmsghdr* header) const;

    const LibMnl* mnl_;
    os::UniqueFd socket_;
    uint32_t sequence_ = 0;
};

}  // namespace boxctl::net
