// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/message.h"

#include <cstring>
#include <utility>

#include <sys/socket.h>

namespace boxctl::os {

Result<std::pair<UniqueFd, UniqueFd>> make_socket_pair(SocketKind kind) {
    const int type = kind == SocketKind::stream ? SOCK_STREAM : SOCK_SEQPACKET;
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0) {
        return errno_error("make a socket pair");
    }
    return std::pair<UniqueFd, UniqueFd>(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> send_message(BorrowedFd socket, std::span<const std::byte> bytes,
                          std::span<const int> fds) {
    if (fds.size() > kMaxMessageFds) return Error(E2BIG, "send a message");
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxMessageFds)] = {};
    iovec data = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size_bytes());
        memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    while (sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) return errno_error("send a message");
    }
    return {};
}

Result<Received> receive_message(BorrowedFd socket, std::span<std::byte> buffer) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxMessageFds)];
    iovec data = {buffer.data(), buffer.size()};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got = 0;
    bool reset = false;
    while ((got = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC)) < 0) {
        // Said once, of a peer that left something unread; what it had sent is still here.
        const bool first_reset = errno == ECONNRESET && !std::exchange(reset, true);
        if (errno != EINTR && !first_reset) return errno_error("receive a message");
    }
    Received received;
    received.bytes = static_cast<size_t>(got);
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd = -1;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            received.fds.emplace_back(fd);
        }
    }
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return Error(EMSGSIZE, "receive a message");
    }
    return received;
}

}  // namespace boxctl::os
