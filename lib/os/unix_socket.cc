// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/unix_socket.h"

#include <cstring>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace boxctl::os {
namespace {

constexpr int kBacklog = 64;

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return Error(ENAMETOOLONG, quote(path));
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

const sockaddr* general(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path, int type) {
    const sockaddr_un address = BOX_TRY(address_of(path));
    UniqueFd listener(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.valid()) return errno_error("make a socket");
    // On Linux the file that bind(2) makes has the mode of the socket, less the umask.
    if (fchmod(listener.get(), 0600) < 0) return errno_error("restrict a socket");
    unlink(path.c_str());
    if (bind(listener.get(), general(address), sizeof address) < 0 ||
        listen(listener.get(), kBacklog) < 0) {
        return errno_error("listen at " + quote(path));
    }
    return listener;
}

Result<UniqueFd> accept_unix(BorrowedFd listener) {
    UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection.valid()) return errno_error("accept a connection");
    return connection;
}

Result<UniqueFd> connect_unix(const std::string& path) {
    const sockaddr_un address = BOX_TRY(address_of(path));
    UniqueFd connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!connection.valid()) return errno_error("make a socket");
    while (connect(connection.get(), general(address), sizeof address) < 0) {
        if (errno != EINTR) return errno_error("connect to " + quote(path));
    }
    return connection;
}

Result<UniqueFd> connect_stream(const std::string& path) {
    const sockaddr_un address = BOX_TRY(address_of(path));
    UniqueFd connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!connection.valid()) return errno_error("make a socket");
    if (connect(connection.get(), general(address), sizeof address) < 0) {
        return errno_error("connect to " + quote(path));
    }
    return connection;
}

Result<ucred> peer_of(BorrowedFd connection) {
    ucred credentials = {};
    socklen_t length = sizeof credentials;
    if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) {
        return errno_error("look at the other end of a connection");
    }
    return credentials;
}

}  // namespace boxctl::os
