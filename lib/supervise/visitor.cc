// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/visitor.h"

#include <algorithm>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/console/past.h"
#include "lib/os/pty.h"
#include "lib/state/control.h"

namespace boxctl::supervise {
namespace {

/// The newest `count` bytes of what the forwarder has kept; from the beginning of a line where
/// older ones are missing in front of them.
std::string newest(const console::Forwarder& forwarder, size_t count, bool cut) {
    std::string text;
    for (const auto part : forwarder.history())
        text.append(part.begin(), part.end());
    if (text.size() > count) text.erase(0, text.size() - count);
    const size_t end_of_line = cut ? text.find('\n') : std::string::npos;
    if (end_of_line != std::string::npos) text.erase(0, end_of_line + 1);
    return text;
}

/// What fills the screen draws it anew when the size changes, and only then: it would not for a
/// visitor whose window is as large as that of the one before.
Result<void> unsettle(os::BorrowedFd master, winsize size) {
    const winsize now = BOX_TRY(os::window_size(master));
    if (now.ws_row != size.ws_row || now.ws_col != size.ws_col) return {};
    size.ws_row = static_cast<uint16_t>(size.ws_row > 1 ? size.ws_row - 1 : size.ws_row + 1);
    return os::set_window_size(master, size);
}

Result<uint16_t> get_extent(const json::Value& message, const char* key) {
    const uint64_t extent = BOX_TRY(json::get_u64(message, key));
    if (extent > UINT16_MAX) return Error(ERANGE, "read the size of a window");
    return static_cast<uint16_t>(extent);
}

}  // namespace

Result<std::unique_ptr<Visitor>> Visitor::create(const Console& console, Ends ends,
                                                 std::function<void()> left) {
    std::unique_ptr<Visitor> visitor(new Visitor(console, std::move(ends), std::move(left)));
    visitor->show_past();
    BOX_TRY(visitor->listen());
    return visitor;
}

Result<void> Visitor::listen() {
    connection_source_ =
            BOX_TRY(console_.loop.add_io(ends_.connection, EPOLLIN, [this](uint32_t) { hear(); }));
    bytes_source_ = BOX_TRY(console_.loop.add_io(ends_.bytes, 0, [this](uint32_t) { deliver(); }));
    BOX_TRY(console_.forwarder.take_input(ends_.bytes));
    tap_ = console_.tap.listen([this](std::span<const char> output) { take(output); });
    deliver();
    return {};
}

void Visitor::show_past() {
    const size_t kept =
            console_.forwarder.history()[0].size() + console_.forwarder.history()[1].size();
    const std::string past =
            console::past_of(newest(console_.forwarder, kept, kept == console::kHistorySize));
    to_screen_.push_latest(past);
}

void Visitor::take(std::span<const char> output) {
    if (left_out_ > 0 || output.size() > to_screen_.free()) {
        left_out_ += output.size();
        return;
    }
    to_screen_.push(output);
    deliver();
}

void Visitor::deliver() {
    while (send_some()) {
        if (to_screen_.empty() && left_out_ > 0) catch_up();
    }
    watch_room();
}

/// False when there is nothing to send, or no room for it.
bool Visitor::send_some() {
    if (to_screen_.empty()) return false;
    const auto data = to_screen_.front();
    const ssize_t count =
            send(ends_.bytes.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
        to_screen_.consume(static_cast<size_t>(count));
        return true;
    }
    if (errno == EINTR) return true;
    if (errno != EAGAIN) {
        // He reads no more. That he has gone is told by the connection, then and not from here:
        // this may be the middle of a read.
        to_screen_.consume(to_screen_.size());
        left_out_ = 0;
        shutdown(ends_.connection.get(), SHUT_RDWR);
    }
    return false;
}

/// He is where output began to be left out. All of the newest is in the forwarder's hands.
void Visitor::catch_up() {
    const size_t kept = std::min<uint64_t>(left_out_, console::kHistorySize);
    const std::string text = newest(console_.forwarder, kept, kept < left_out_);
    const uint64_t lost = left_out_ - text.size();
    left_out_ = 0;
    if (lost > 0) {
        to_screen_.push(format("\r\n[boxctl: %llu bytes left out here]\r\n",
                               static_cast<unsigned long long>(lost)));
    }
    to_screen_.push(text);
}

void Visitor::watch_room() {
    const auto set = bytes_source_.set_events(to_screen_.empty() ? 0U : uint32_t{EPOLLOUT});
    if (!set) log::debug(set.error().message());
}

void Visitor::hear() {
    const auto heard = hear_size();
    if (heard || heard.error().code() == EAGAIN) return;
    leave();
}

Result<void> Visitor::hear_size() {
    const state::Message message = BOX_TRY(state::receive_value(ends_.connection));
    if (message.value.is_null()) return Error(EPIPE, "hear a visitor");
    winsize size = {};
    size.ws_row = BOX_TRY(get_extent(message.value, "rows"));
    size.ws_col = BOX_TRY(get_extent(message.value, "columns"));
    if (!std::exchange(sized_, true)) BOX_TRY(unsettle(console_.master, size));
    return os::set_window_size(console_.master, size);
}

bool Visitor::has_gone() const {
    pollfd connection = {ends_.connection.get(), 0, 0};
    return poll(&connection, 1, 0) == 1 && (connection.revents & POLLHUP) != 0;
}

void Visitor::leave() {
    const auto left = std::move(left_);
    if (left) left();
}

void Visitor::finish(uint64_t timeout) {
    const uint64_t deadline = event::now_us() + timeout;
    for (;;) {
        deliver();
        const uint64_t now = event::now_us();
        if (to_screen_.empty() || now >= deadline) return;
        pollfd room = {ends_.bytes.get(), POLLOUT, 0};
        if (poll(&room, 1, static_cast<int>((deadline - now) / 1000) + 1) < 0) return;
    }
}

}  // namespace boxctl::supervise
