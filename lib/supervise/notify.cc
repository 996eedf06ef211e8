// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/notify.h"

#include <array>
#include <cstring>

#include <sys/socket.h>

#include "lib/base/log.h"
#include "lib/base/text.h"

namespace boxctl::supervise {
namespace {

constexpr size_t kLongestDatagram = 4096;
constexpr uint32_t kHighestErrno = 4095;  // MAX_ERRNO of the kernel

void parse_line(std::string_view line, Notice& notice) {
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view name = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (name == "READY") {
        notice.ready |= value == "1";
    } else if (name == "STOPPING") {
        notice.stopping |= value == "1";
    } else if (name == "STATUS") {
        notice.status = printable(value.substr(0, kLongestStatus));
    } else if (name == "ERRNO") {
        const auto code = parse_u32(value);
        if (code && *code <= kHighestErrno) notice.error = static_cast<int>(*code);
    }
}

/// 0 where the kernel did not say.
pid_t sender_of(msghdr& message) {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) continue;
        ucred credentials = {};
        memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
        return credentials.pid;
    }
    return 0;
}

}  // namespace

Notice parse_notice(std::string_view datagram) {
    Notice notice;
    while (!datagram.empty()) {
        const size_t end = datagram.find('\n');
        parse_line(datagram.substr(0, end), notice);
        if (end == std::string_view::npos) break;
        datagram.remove_prefix(end + 1);
    }
    return notice;
}

Result<std::unique_ptr<NotifySocket>> NotifySocket::watch(event::Loop& loop, os::BorrowedFd socket,
                                                          pid_t leader, Callback callback) {
    std::unique_ptr<NotifySocket> made(new NotifySocket(socket, leader, std::move(callback)));
    NotifySocket* self = made.get();
    made->source_ = BOX_TRY(loop.add_io(socket, EPOLLIN, [self](uint32_t) { self->receive(); }));
    made->resume_ = loop.add_timer(event::kNever, [self] {
        const auto set = self->source_.set_events(EPOLLIN);
        if (!set) log::warning(set.error().message());
    });
    return made;
}

/// One datagram a wake-up. The descriptors of a sender are never taken: there is room for its
/// credentials only, and the kernel closes what does not fit.
void NotifySocket::receive() {
    std::array<char, kLongestDatagram> bytes;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    iovec data = {bytes.data(), bytes.size()};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) return;  // EAGAIN, EINTR: the loop calls again
    slow_down();
    if (sender_of(message) != leader_ || (message.msg_flags & MSG_TRUNC) != 0) return;
    const Notice notice = parse_notice({bytes.data(), static_cast<size_t>(got)});
    if (notice != Notice()) callback_(notice);
}

void NotifySocket::slow_down() {
    const uint64_t now = event::now_us();
    if (now - second_ >= event::kSecond) {
        second_ = now;
        count_ = 0;
    }
    if (++count_ < kMostPerSecond) return;
    // If it cannot be paused it is just read on.
    if (source_.set_events(0).has_value()) resume_.set_deadline(second_ + event::kSecond);
}

}  // namespace boxctl::supervise
