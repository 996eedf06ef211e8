// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/manager.h"

#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/passed.h"
#include "lib/os/process.h"

namespace boxctl::supervise {
namespace {

constexpr uint64_t kRetryPause = event::kSecond / 10;
constexpr int kLastWords = 1000;  // ms
// FDPOLL=0, or the manager would drop it as soon as the process is gone.
constexpr const char* kStore = "FDSTORE=1\nFDPOLL=0\nFDNAME=boxctl-leader";
constexpr const char* kForget = "FDSTOREREMOVE=1\nFDNAME=boxctl-leader";

std::string value_or_empty(char* (*value_of)(const char*), const char* name) {
    const char* value = value_of(name);
    return value == nullptr ? "" : value;
}

/// A datagram socket that sends to `name`. Connected, so that poll(2) tells when there is room.
Result<os::UniqueFd> connect_to(const std::string& name) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if ((name.front() != '/' && name.front() != '@') || name.size() < 2 ||
        name.size() >= sizeof address.sun_path) {
        return Error("tell the service manager: no address I know: " + quote(name));
    }
    memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    // An abstract name ends where its length says, a path with a zero.
    const size_t length =
            offsetof(sockaddr_un, sun_path) + name.size() + (name.front() == '@' ? 0U : 1U);
    os::UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return errno_error("make a socket");
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(length)) <
        0) {
        return errno_error("tell the service manager at " + quote(name));
    }
    return fd;
}

}  // namespace

Manager::Address Manager::read_address(char* (*value_of)(const char*), pid_t self) {
    Address address;
    address.socket = value_or_empty(value_of, "NOTIFY_SOCKET");
    address.keeps_descriptors = parse_u64(value_or_empty(value_of, "FDSTORE")).value_or(0) != 0;
    const std::string owner = value_or_empty(value_of, "WATCHDOG_PID");
    if (!owner.empty() && owner != std::to_string(self)) return address;
    const auto time = parse_u64(value_or_empty(value_of, "WATCHDOG_USEC"));
    if (time && *time < event::kNever) address.watchdog = *time;
    return address;
}

Manager::Manager(const Address& address) {
    if (address.socket.empty()) return;
    auto connected = connect_to(address.socket);
    // A service whose manager cannot be reached is still a service.
    if (!connected) {
        log::warning(connected.error().message());
        return;
    }
    socket_ = std::move(connected).value();
    watchdog_ = address.watchdog;
    keeps_descriptors_ = address.keeps_descriptors;
}

void Manager::attach(event::Loop& loop) {
    if (!socket_.valid()) return;
    retry_ = loop.add_timer(event::kNever, [this] { tell(); });
    if (watchdog_ != 0) {
        watchdog_timer_ = loop.add_timer(0, [this] {
            // One that gets lost is made up for by the next: two fit into the time.
            (void)send("WATCHDOG=1", -1);
            watchdog_timer_.set_deadline(event::now_us() + watchdog_ / 2);
        });
    }
}

void Manager::detach() {
    retry_.reset();
    watchdog_timer_.reset();
}

void Manager::set_leader(pid_t leader, os::BorrowedFd pidfd) {
    if (!socket_.valid()) return;
    leader_ = leader;
    error_ = 0;
    if (!keeps_descriptors_) return;
    forget_ = true;  // that of the life before, or of a supervisor that was killed
    auto copy = os::duplicate(pidfd);
    if (copy) {
        stored_ = std::move(copy).value();
    } else {
        log::warning(copy.error().message());
    }
}

void Manager::set_ready() {
    ready_ = true;
    reloading_ = 0;
}

Manager::~Manager() {
    if (!socket_.valid()) return;
    detach();
    pollfd room = {socket_.get(), POLLOUT, 0};
    // Without room after that the manager has other worries than our last words.
    if (keeps_descriptors_ && poll(&room, 1, kLastWords) > 0) (void)send(kForget, -1);
}

std::string Manager::text() const {
    std::string text;
    if (reloading_ != 0) {
        text += format("RELOADING=1\nMONOTONIC_USEC=%llu\n",
                       static_cast<unsigned long long>(reloading_));
    } else if (stopping_) {
        text += "STOPPING=1\n";
    } else if (ready_) {
        text += "READY=1\n";
    }
    if (error_ != 0) text += format("ERRNO=%d\n", error_);
    if (leader_ != 0) text += format("X_NSPAWN_LEADER_PID=%d\n", leader_);
    return text + "STATUS=" + status_;
}

void Manager::tell() {
    if (!socket_.valid()) return;
    const std::string now = text();
    bool told = now == told_ || send(now, -1);
    if (told) told_ = now;
    if (told && forget_) {
        told = send(kForget, -1);
        forget_ = !told;
    }
    if (told && stored_.valid()) {
        told = send(kStore, stored_.get());
        if (told) stored_.reset();
    }
    if (retry_.active()) {
        retry_.set_deadline(told ? event::kNever : event::now_us() + kRetryPause);
    }
}

/// False when it has to be tried again.
bool Manager::send(const std::string& text, int fd) const {
    iovec data = {const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    if (sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return false;
    log::debug(errno_error("tell the service manager").message());
    return true;
}

namespace {

std::string sentence_for(const os::ExitStatus& status) {
    if (status.signal != 0) return "was ended by " + os::signal_name(status.signal);
    return format("ended with status %d", status.code);
}

}  // namespace

std::string former_end(char* (*value_of)(const char*), pid_t self) {
    const std::vector<std::string> names = os::passed_fd_names(value_of, self);
    std::string sentence;
    for (size_t i = 0; i < names.size(); i++) {
        if (names[i] != os::kLeaderFdName) continue;
        const os::UniqueFd kept(os::kFirstPassedFd + static_cast<int>(i));
        const auto status = os::exit_status_of(kept);
        if (status) sentence = "PID 1 of its last life " + sentence_for(*status);
        if (!status) log::debug(status.error().message());
    }
    return sentence;
}

}  // namespace boxctl::supervise
