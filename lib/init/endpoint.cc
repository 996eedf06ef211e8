// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/endpoint.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/init/arena.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

struct Address {
    struct sockaddr_un name = {};
    socklen_t length = 0;
};

/// A path, or "@name" for an abstract socket (unix(7)). False when it does not fit.
bool fill_address(const char* text, Address& address) {
    const size_t length = strlen(text);
    if (length == 0 || length >= sizeof address.name.sun_path) return false;
    address.name.sun_family = AF_UNIX;
    memcpy(address.name.sun_path, text, length);
    if (text[0] == '@') address.name.sun_path[0] = '\0';
    address.length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

/// Opens a socket of `type` and calls `join` (bind or connect) with the address.
int open_socket(int type, const char* text, int (*join)(int, const struct sockaddr*, socklen_t)) {
    Address address;
    if (!fill_address(text, address)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int made = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (made < 0) return -1;
    if (join(made, reinterpret_cast<const struct sockaddr*>(&address.name), address.length) == 0) {
        return made;
    }
    const int error = errno;
    (void)close(made);
    errno = error;
    return -1;
}

/// Binds a path that a former life may have left there.
int open_bound(int type, const char* path) {
    if (path[0] != '@') (void)unlink(path);
    const mode_t old = umask(0177);  // nobody else may connect, not even for a moment
    const int made = open_socket(type, path, bind);
    const int error = errno;
    (void)umask(old);
    errno = error;
    return made;
}

}  // namespace

bool make_runtime_directory() {
    if (mkdir(kRuntimeDirectory, 0755) < 0 && errno != EEXIST) return false;
    return access(kRuntimeDirectory, W_OK) == 0;
}

int open_notify(const Service& service, bool in_directory, const char*& name) {
    Line path;
    if (in_directory) {
        path.add(kRuntimeDirectory).add("/").add(service.name).add(".notify");
    } else {
        path.add("@box-init/").add(int64_t{getpid()}).add("/").add(service.name);
    }
    name = keep_text(path.text(), path.size());
    if (name == nullptr) {
        errno = ENOMEM;
        return -1;
    }
    const int made = open_bound(SOCK_DGRAM | SOCK_NONBLOCK, name);
    if (made >= 0 && in_directory && service.user.set) {
        // Fails where we are not root, and then the service runs as we do.
        const int changed = chown(name, service.user.uid, service.user.gid);
        (void)changed;
    }
    return made;
}

void read_notice(const char* text, size_t length, Notice& notice) {
    static constexpr char kStatus[] = "STATUS=";
    while (length > 0) {
        const void* newline = memchr(text, '\n', length);
        const size_t line = newline == nullptr
                                    ? length
                                    : static_cast<size_t>(static_cast<const char*>(newline) - text);
        if (line == 7 && memcmp(text, "READY=1", 7) == 0) notice.ready = true;
        if (line >= sizeof kStatus - 1 && memcmp(text, kStatus, sizeof kStatus - 1) == 0) {
            size_t size = line - (sizeof kStatus - 1);
            if (size >= sizeof notice.status) size = sizeof notice.status - 1;
            memcpy(notice.status, text + sizeof kStatus - 1, size);
            notice.status[size] = '\0';
        }
        const size_t taken = line < length ? line + 1 : line;
        text += taken;
        length -= taken;
    }
}

bool receive_notice(int socket, Notice& notice) {
    char text[2048];
    // Descriptors that come along are closed by the kernel: there is no room for them.
    const ssize_t got = recv(socket, text, sizeof text, MSG_DONTWAIT);
    if (got < 0) return false;
    notice = Notice();
    read_notice(text, static_cast<size_t>(got), notice);
    return true;
}

int open_control(const char* path) {
    const int made = open_bound(SOCK_STREAM | SOCK_NONBLOCK, path);
    if (made < 0 || listen(made, kMaxControlClients) == 0) return made;
    const int error = errno;
    (void)close(made);
    errno = error;
    return -1;
}

int connect_control(const char* path) {
    return open_socket(SOCK_STREAM, path, connect);
}

int accept_client(int listener) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return -1;
    struct ucred peer = {};
    socklen_t size = sizeof peer;
    const bool known = getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (known && (peer.uid == 0 || peer.uid == geteuid())) return client;
    (void)close(client);
    errno = EACCES;
    return -1;
}

void HostNotifier::open(const char* address) {
    if (address == nullptr) return;
    socket_ = open_socket(SOCK_DGRAM | SOCK_NONBLOCK, address, connect);
    if (socket_ >= 0) return;
    Line line = message();
    line.add("connect to NOTIFY_SOCKET ").quoted(address).add(": ").add(errno_text(errno));
    init::say(Level::warning, line);
}

void HostNotifier::say(const char* text) const {
    // A host that does not read is told nothing: its loss.
    if (socket_ >= 0) (void)send(socket_, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace boxctl::init
