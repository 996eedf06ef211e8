// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/net/rtnl.h"

#include <algorithm>
#include <cstring>

#include <dlfcn.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "lib/base/text.h"

namespace boxctl::net {

/// What we use of libmnl. Debian ships no static one, and linking the shared one would make every
/// start of boxctl load it.
struct LibMnl {
    decltype(&mnl_nlmsg_put_header) put_header = nullptr;
    decltype(&mnl_nlmsg_put_extra_header) put_extra_header = nullptr;
    decltype(&mnl_nlmsg_ok) message_ok = nullptr;
    decltype(&mnl_nlmsg_next) next_message = nullptr;
    decltype(&mnl_nlmsg_get_payload) payload = nullptr;
    decltype(&mnl_nlmsg_get_payload_len) payload_size = nullptr;
    decltype(&mnl_attr_put_check) put = nullptr;
    decltype(&mnl_attr_nest_start_check) nest_start = nullptr;
    decltype(&mnl_attr_nest_end) nest_end = nullptr;
    decltype(&mnl_attr_ok) attr_ok = nullptr;
    decltype(&mnl_attr_next) next_attr = nullptr;
    decltype(&mnl_attr_get_type) attr_type = nullptr;
    decltype(&mnl_attr_get_payload) attr_payload = nullptr;
    decltype(&mnl_attr_get_payload_len) attr_size = nullptr;
};

namespace {

constexpr const char* kLibrary = "libmnl.so.0";
constexpr size_t kBufferSize = 8192;
constexpr size_t kAltNameSize = 128;  // ALTIFNAMSIZ of the kernel, which exports it to nobody

template <class Function>
bool resolve(void* library, const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, symbol));
    return function != nullptr;
}

Result<const LibMnl*> load_libmnl() {
    static LibMnl table;
    static bool loaded = false;
    if (loaded) return &table;
    void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        Error error(std::string("load ") + kLibrary + ": not found");
        error.set_hint("a virtual cable needs it: install libmnl0, or leave --network-veth out");
        return error;
    }
    loaded = resolve(library, "mnl_nlmsg_put_header", table.put_header) &&
             resolve(library, "mnl_nlmsg_put_extra_header", table.put_extra_header) &&
             resolve(library, "mnl_nlmsg_ok", table.message_ok) &&
             resolve(library, "mnl_nlmsg_next", table.next_message) &&
             resolve(library, "mnl_nlmsg_get_payload", table.payload) &&
             resolve(library, "mnl_nlmsg_get_payload_len", table.payload_size) &&
             resolve(library, "mnl_attr_put_check", table.put) &&
             resolve(library, "mnl_attr_nest_start_check", table.nest_start) &&
             resolve(library, "mnl_attr_nest_end", table.nest_end) &&
             resolve(library, "mnl_attr_ok", table.attr_ok) &&
             resolve(library, "mnl_attr_next", table.next_attr) &&
             resolve(library, "mnl_attr_get_type", table.attr_type) &&
             resolve(library, "mnl_attr_get_payload", table.attr_payload) &&
             resolve(library, "mnl_attr_get_payload_len", table.attr_size);
    if (loaded) return &table;
    dlclose(library);
    return Error(std::string("load ") + kLibrary + ": too old, a function is missing");
}

/// Calls `visit` for each attribute in `size` bytes at `data`.
template <class Visit>
void for_each_attr(const LibMnl& mnl, const void* data, size_t size, Visit visit) {
    const char* const end = static_cast<const char*>(data) + size;
    const auto* attr = static_cast<const nlattr*>(data);
    const auto left = [&] { return static_cast<int>(end - reinterpret_cast<const char*>(attr)); };
    while (mnl.attr_ok(attr, left())) {
        visit(attr);
        attr = mnl.next_attr(attr);
    }
}

std::string text_of(const LibMnl& mnl, const nlattr* attr) {
    const auto* text = static_cast<const char*>(mnl.attr_payload(attr));
    return {text, strnlen(text, mnl.attr_size(attr))};
}

}  // namespace

/// One message under construction. What does not fit is remembered and refused by talk(), so no
/// length of a name can ever spill over the buffer or wrap an attribute's 16-bit length (I5).
class Rtnl::Request {
 public:
    Request(const LibMnl& mnl, uint16_t type, uint16_t flags) : mnl_(mnl) {
        header_ = mnl.put_header(buffer_);
        header_->nlmsg_type = type;
        header_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        link_ = static_cast<ifinfomsg*>(mnl.put_extra_header(header_, sizeof(ifinfomsg)));
    }

    ifinfomsg& link() { return *link_; }
    nlmsghdr* header() { return header_; }
    [[nodiscard]] bool fits() const { return fits_; }

    void put(uint16_t type, const void* data, size_t size) {
        fits_ = fits_ && mnl_.put(header_, sizeof buffer_, type, size, data);
    }
    void put(uint16_t type, const std::string& text) { put(type, text.c_str(), text.size() + 1); }
    void put(uint16_t type, uint32_t number) { put(type, &number, sizeof number); }
    void put(uint16_t type, const Mac& mac) { put(type, mac.data(), mac.size()); }

    /// What `fill` puts goes inside an attribute of this type.
    template <class Fill>
    void nest(uint16_t type, Fill fill) {
        nlattr* start = mnl_.nest_start(header_, sizeof buffer_, type);
        fits_ = fits_ && start != nullptr;
        fill();
        if (start != nullptr) mnl_.nest_end(header_, start);
    }
    /// Room for the second ifinfomsg that begins the attributes of a veth's peer (veth.h).
    void put_peer_header() {
        fits_ = fits_ && header_->nlmsg_len + sizeof(ifinfomsg) <= sizeof buffer_;
        if (fits_) mnl_.put_extra_header(header_, sizeof(ifinfomsg));
    }

 private:
    const LibMnl& mnl_;
    alignas(nlmsghdr) char buffer_[kBufferSize] = {};
    nlmsghdr* header_ = nullptr;
    ifinfomsg* link_ = nullptr;
    bool fits_ = true;
};

Result<Rtnl> Rtnl::open() {
    const LibMnl* mnl = BOX_TRY(load_libmnl());
    os::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket.valid()) return errno_error("open a route socket");
    // Errors in words, and without a copy of the request. Since Linux 4.12; a kernel that has no
    // words for us still has numbers.
    const int on = 1;
    (void)setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return Rtnl(*mnl, std::move(socket));
}

Result<void> Rtnl::talk(Request& request, const std::string& what, LinkInfo* reply) {
    if (!request.fits()) return Error(EMSGSIZE, what);
    nlmsghdr* header = request.header();
    header->nlmsg_seq = ++sequence_;
    if (send(socket_.get(), header, header->nlmsg_len, 0) < 0) return errno_error(what);
    while (!BOX_TRY(read_answer(what, reply))) {
    }
    return {};
}

Result<bool> Rtnl::read_answer(const std::string& what, LinkInfo* reply) {
    alignas(nlmsghdr) char buffer[4 * kBufferSize];
    ssize_t got = -1;
    do {
        got = recv(socket_.get(), buffer, sizeof buffer, MSG_TRUNC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return errno_error(what + ": read the answer");
    if (static_cast<size_t>(got) > sizeof buffer)
        return Error(EMSGSIZE, what + ": read the answer");
    int left = static_cast<int>(got);
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
    for (; mnl_->message_ok(header, left); header = mnl_->next_message(header, &left)) {
        if (header->nlmsg_seq != sequence_) continue;  // of a request that was given up
        if (header->nlmsg_type == RTM_NEWLINK && reply != nullptr) {
            *reply = BOX_TRY(parse_link(header).context(what));
        }
        if (header->nlmsg_type != NLMSG_ERROR) continue;
        if (mnl_->payload_size(header) < sizeof(nlmsgerr)) return Error(EBADMSG, what);
        const auto* ack = static_cast<const nlmsgerr*>(mnl_->payload(header));
        if (ack->error != 0) return ack_error(header, what);
        return true;
    }
    if (left > 0) return Error(EBADMSG, what);
    return false;
}

Error Rtnl::ack_error(const nlmsghdr* header, const std::string& what) const {
    const auto* ack = static_cast<const nlmsgerr*>(mnl_->payload(header));
    std::string text = what;
    if ((header->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
        // The attributes follow the copy of the request, which is its header alone when capped.
        size_t offset = sizeof(nlmsgerr);
        if ((header->nlmsg_flags & NLM_F_CAPPED) == 0) {
            offset += NLMSG_ALIGN(ack->msg.nlmsg_len) - sizeof(nlmsghdr);
        }
        const size_t size = mnl_->payload_size(header);
        const char* data = static_cast<const char*>(mnl_->payload(header)) + offset;
        if (offset < size) {
            for_each_attr(*mnl_, data, size - offset, [&](const nlattr* attr) {
                if (mnl_->attr_type(attr) != NLMSGERR_ATTR_MSG) return;
                text += ": " + printable(text_of(*mnl_, attr));
            });
        }
    }
    return {-ack->error, text};
}

Result<LinkInfo> Rtnl::parse_link(const nlmsghdr* header) const {
    const size_t size = mnl_->payload_size(header);
    if (size < sizeof(ifinfomsg)) return Error(EBADMSG, "read a link");
    const auto* data = static_cast<const char*>(mnl_->payload(header));
    LinkInfo link;
    link.index = static_cast<uint32_t>(reinterpret_cast<const ifinfomsg*>(data)->ifi_index);
    constexpr size_t kOffset = NLMSG_ALIGN(sizeof(ifinfomsg));
    for_each_attr(*mnl_, data + kOffset, size - kOffset, [&](const nlattr* attr) {
        const uint16_t type = mnl_->attr_type(attr);
        if (type == IFLA_IFNAME) link.name = text_of(*mnl_, attr);
        if (type == IFLA_IFALIAS) link.alias = text_of(*mnl_, attr);
        if (type == IFLA_ADDRESS && mnl_->attr_size(attr) == link.mac.size()) {
            memcpy(link.mac.data(), mnl_->attr_payload(attr), link.mac.size());
        }
    });
    return link;
}

Result<void> Rtnl::make_veth(const VethRequest& wanted) {
    const std::string what = "make link " + quote(wanted.name);
    if (std::max(wanted.name.size(), wanted.peer_name.size()) >= IFNAMSIZ) {
        return Error(ENAMETOOLONG, what);
    }
    Request request(*mnl_, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    request.put(IFLA_IFNAME, wanted.name);
    request.put(IFLA_ADDRESS, wanted.mac);
    request.nest(IFLA_LINKINFO, [&] {
        request.put(IFLA_INFO_KIND, std::string("veth"));
        request.nest(IFLA_INFO_DATA, [&] {
            request.nest(VETH_INFO_PEER, [&] {
                request.put_peer_header();
                request.put(IFLA_IFNAME, wanted.peer_name);
                request.put(IFLA_ADDRESS, wanted.peer_mac);
                request.put(IFLA_NET_NS_FD, static_cast<uint32_t>(wanted.peer_netns.get()));
            });
        });
    });
    return talk(request, what);
}

Result<void> Rtnl::tag_and_set_up(uint32_t index, const std::string& alias) {
    Request request(*mnl_, RTM_SETLINK, 0);
    request.link().ifi_index = static_cast<int>(index);
    request.link().ifi_flags = IFF_UP;
    request.link().ifi_change = IFF_UP;
    request.put(IFLA_IFALIAS, alias);
    return talk(request, format("tag link %u and set it up", index));
}

Result<void> Rtnl::set_up(uint32_t index) {
    Request request(*mnl_, RTM_SETLINK, 0);
    request.link().ifi_index = static_cast<int>(index);
    request.link().ifi_flags = IFF_UP;
    request.link().ifi_change = IFF_UP;
    return talk(request, format("set link %u up", index));
}

Result<void> Rtnl::add_altname(uint32_t index, const std::string& altname) {
    const std::string what = "add link name " + quote(altname);
    if (altname.size() >= kAltNameSize) return Error(ENAMETOOLONG, what);
    Request request(*mnl_, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND);
    request.link().ifi_index = static_cast<int>(index);
    request.nest(IFLA_PROP_LIST, [&] { request.put(IFLA_ALT_IFNAME, altname); });
    return talk(request, what);
}

Result<void> Rtnl::delete_link(uint32_t index) {
    Request request(*mnl_, RTM_DELLINK, 0);
    request.link().ifi_index = static_cast<int>(index);
    return talk(request, format("delete link %u", index));
}

Result<std::optional<LinkInfo>> Rtnl::find_link(const std::string& name) {
    const std::string what = "find link " + quote(name);
    if (name.size() >= kAltNameSize) return Error(ENAMETOOLONG, what);
    Request request(*mnl_, RTM_GETLINK, 0);
    request.put(name.size() < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
    request.put(IFLA_EXT_MASK, uint32_t{RTEXT_FILTER_SKIP_STATS});
    LinkInfo link;
    auto found = talk(request, what, &link);
    if (found) return std::optional<LinkInfo>(std::move(link));
    if (found.error().code() == ENODEV) return std::optional<LinkInfo>();
    return std::move(found).error();
}

}  // namespace boxctl::net
