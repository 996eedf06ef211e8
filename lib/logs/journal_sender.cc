// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/journal_sender.h"

#include <algorithm>

#include <endian.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/text.h"
#include "lib/logs/plain_text.h"

namespace boxctl::logs {
namespace {

constexpr int kInformation = 6;  // priorities of syslog(3)
constexpr int kWarning = 4;
constexpr int kRoomInKernel = 1 << 20;
constexpr uint64_t kPauseBetweenAttempts = event::kSecond;

void append_field(std::string& datagram, const char* name, std::string_view value) {
    datagram += name;
    datagram += '=';
    datagram += value;
    datagram += '\n';
}

/// With its length before it, so that whatever it holds stays inside.
void append_text(std::string& datagram, const char* name, std::string_view text) {
    const uint64_t length = htole64(text.size());
    datagram += name;
    datagram += '\n';
    datagram.append(reinterpret_cast<const char*>(&length), sizeof length);
    datagram += text;
    datagram += '\n';
}

}  // namespace

std::string JournalSender::datagram_of(std::string_view text, int priority) const {
    std::string datagram;
    append_text(datagram, "MESSAGE", text);
    append_field(datagram, "PRIORITY", std::to_string(priority));
    append_field(datagram, "SYSLOG_IDENTIFIER", machine_);  // names hold no newline
    append_field(datagram, "BOXCTL_MACHINE", machine_);
    return datagram;
}

/// False when there is no journal now; asked again at most once a second.
bool JournalSender::connect() {
    if (socket_.valid()) return true;
    const uint64_t now = event::now_us();
    if (now < next_attempt_) return false;
    next_attempt_ = now + kPauseBetweenAttempts;
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) return false;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    os::UniqueFd made(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.valid()) return false;
    // As much as one may have; with less, entries only wait here earlier.
    (void)setsockopt(made.get(), SOL_SOCKET, SO_SNDBUF, &kRoomInKernel, sizeof kRoomInKernel);
    if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        return false;
    }
    auto source = loop_.add_io(made, 0, [this](uint32_t) { deliver(); });
    if (!source) return false;
    socket_ = std::move(made);
    writable_ = std::move(source).value();
    return true;
}

JournalSender::Sent JournalSender::send(const std::string& datagram) {
    for (;;) {
        if (!connect()) return Sent::unreachable;
        if (::send(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) {
            return Sent::yes;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == ENOBUFS) return Sent::full;
        // systemd-journald.socket was made anew (ECONNREFUSED); connect() says when there is none.
        writable_.reset();
        socket_.reset();
    }
}

/// Sends what waits, as far as it is taken.
void JournalSender::deliver() {
    Sent sent = Sent::yes;
    while (!waiting_.empty() && (sent = send(waiting_.front())) == Sent::yes) {
        waiting_bytes_ -= waiting_.front().size();
        waiting_.pop_front();
    }
    // Without a journal nobody reports when there is one again: the next line looks.
    if (writable_.active()) {
        const bool wait = sent == Sent::full;
        if (!writable_.set_events(wait ? uint32_t{EPOLLOUT} : 0U)) writable_.reset();
    }
}

void JournalSender::push(std::string_view text, int priority) {
    waiting_.push_back(datagram_of(text, priority));
    waiting_bytes_ += waiting_.back().size();
}

/// After a loss there must be some room before it goes on, so that the gaps are few.
void JournalSender::queue_line(std::string_view text) {
    const size_t most = lost_ > 0 ? kMostWaiting / 2 : kMostWaiting;
    if (waiting_bytes_ + text.size() > most) {
        lost_++;
        return;
    }
    tell_loss();
    push(text, kInformation);
}

void JournalSender::tell_loss() {
    if (lost_ == 0) return;
    push(format("boxctl: %ju lines of the console are missing here: the journal did not take them",
                uintmax_t{lost_}),
         kWarning);
    lost_ = 0;
}

void JournalSender::take(std::span<const char> data) {
    lines_.feed(data, [this](std::string_view piece, bool) {
        const std::string text = plain_text(piece);
        // Like what comes by standard output: no entries for blank lines.
        if (!trim(text).empty()) queue_line(text);
    });
    deliver();
}

void JournalSender::finish(uint64_t timeout) {
    lines_.flush([this](std::string_view piece, bool) { queue_line(plain_text(piece)); });
    tell_loss();
    const uint64_t deadline = event::now_us() + timeout;
    for (deliver(); !waiting_.empty() && socket_.valid(); deliver()) {
        const uint64_t now = event::now_us();
        if (now >= deadline) return;
        const timespec wait = {static_cast<time_t>((deadline - now) / event::kSecond),
                               static_cast<long>((deadline - now) % event::kSecond * 1000)};
        pollfd ready = {socket_.get(), POLLOUT, 0};
        if (ppoll(&ready, 1, &wait, nullptr) < 0 && errno != EINTR) return;
    }
}

}  // namespace boxctl::logs
