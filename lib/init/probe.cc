// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/init/text.h"

namespace boxctl::init {

namespace {

union Address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

socklen_t fill_address(const Probe& probe, Address& address) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(probe.port);
    if (inet_pton(AF_INET, probe.host, &address.v4.sin_addr) == 1) return sizeof address.v4;
    address.v6 = {};
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(probe.port);
    (void)inet_pton(AF_INET6, probe.host, &address.v6.sin6_addr);  // was checked when it was read
    return sizeof address.v6;
}

}  // namespace

int begin_probe(const Probe& probe) {
    Address address = {};
    const socklen_t length = fill_address(probe, address);
    const int made = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) return -1;
    if (connect(made, &address.any, length) == 0 || errno == EINPROGRESS) return made;
    const int error = errno;
    (void)close(made);
    errno = error;
    return -1;
}

ProbeNews probe_connected(const Probe& probe, int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0) {
        return ProbeNews::bad;
    }
    if (probe.kind == ProbeKind::tcp) return ProbeNews::good;
    Line request;
    request.add("GET ").add(probe.path).add(" HTTP/1.0\r\nHost: ").add(probe.host);
    request.add("\r\nUser-Agent: box-init\r\nConnection: close\r\n\r\n");
    const ssize_t sent = send(socket, request.text(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == static_cast<ssize_t>(request.size()) ? ProbeNews::sent : ProbeNews::bad;
}

ProbeNews judge_http(const char* text, size_t length) {
    // "HTTP/1.1 200 OK"
    static constexpr char kStart[] = "HTTP/1.";
    constexpr size_t kCode = sizeof kStart + 1;
    if (length < kCode + 3 || strncmp(text, kStart, sizeof kStart - 1) != 0) return ProbeNews::bad;
    const char* code = text + kCode;
    const bool number =
            code[-1] == ' ' && code[1] >= '0' && code[1] <= '9' && code[2] >= '0' && code[2] <= '9';
    return number && (code[0] == '2' || code[0] == '3') ? ProbeNews::good : ProbeNews::bad;
}

ProbeNews probe_answered(int socket) {
    char text[64];
    const ssize_t got = recv(socket, text, sizeof text, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return ProbeNews::pending;
    return got <= 0 ? ProbeNews::bad : judge_http(text, static_cast<size_t>(got));
}

}  // namespace boxctl::init
