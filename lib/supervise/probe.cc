// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/probe.h"

#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::supervise {
namespace {

using Kind = settings::ReadyRule::Kind;

constexpr timeval kPatience = {2, 0};  // with a host that does not answer

Result<void> connect_to(int family, int type, const void* address, socklen_t size) {
    const os::UniqueFd fd(socket(family, type | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return errno_error("make a socket");
    // socket(7): connect(2) heeds it as well.
    if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) < 0) {
        return errno_error("limit the time to connect");
    }
    if (connect(fd.get(), static_cast<const sockaddr*>(address), size) < 0) {
        return errno_error("connect");
    }
    return {};
}

Result<void> look_at_port(const Probe& probe) {
    if (probe.own_network) BOX_TRY(os::join_namespaces(probe.pidfd, CLONE_NEWNET));
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(probe.rule.port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect_to(AF_INET, SOCK_STREAM, &v4, sizeof v4)) return {};
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(probe.rule.port);
    v6.sin6_addr = in6addr_loopback;
    return connect_to(AF_INET6, SOCK_STREAM, &v6, sizeof v6);
}

/// What the path leads to in the box, whatever PID 1 has made its root.
Result<os::UniqueFd> find_path(const Probe& probe) {
    const os::UniqueFd root =
            BOX_TRY(os::open_host(format("/proc/%d/root", probe.leader), O_PATH | O_DIRECTORY));
    return os::open_in(root, probe.rule.text, O_PATH);
}

Result<void> look_at_socket(const Probe& probe) {
    const os::UniqueFd found = BOX_TRY(find_path(probe));
    const struct stat status = BOX_TRY(os::status_of(found));
    if (!S_ISSOCK(status.st_mode)) return Error(ENOTSOCK, "connect");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string path = os::fd_path(found);
    memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Result<void> connected;
    for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
        connected = connect_to(AF_UNIX, type, &address, sizeof address);
        if (connected || connected.error().code() != EPROTOTYPE) break;
    }
    return connected;
}

Result<void> look(const Probe& probe) {
    switch (probe.rule.kind) {
        case Kind::tcp:
            return look_at_port(probe);
        case Kind::socket:
            return look_at_socket(probe);
        case Kind::file:
            BOX_TRY(find_path(probe));
            return {};
        case Kind::automatic:
        case Kind::started:
        case Kind::notify:
        case Kind::log:
        case Kind::exec:
            break;
    }
    return Error("no look into the box was asked for");
}

}  // namespace

Result<os::Cloned> start_probe(const Probe& probe) {
    os::Cloned child = BOX_TRY(os::clone_process({}).context("look into the box"));
    if (child.pid != 0) return child;
    // --- The child from here on: a copy of the supervisor that ends with it. ---
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    os::set_process_name("boxctl-probe");
    _exit(look(probe) ? 0 : 1);
}

}  // namespace boxctl::supervise
