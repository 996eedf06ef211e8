// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/forwarder.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "lib/os/pty.h"

namespace boxctl::console {
namespace {

constexpr size_t kPiece = 4096;  // a terminal hands out no more at once

char end_of_file_key(os::BorrowedFd master) {
    termios state = {};
    if (tcgetattr(master.get(), &state) == 0 && (state.c_lflag & ICANON) != 0 &&
        state.c_cc[VEOF] != _POSIX_VDISABLE) {
        return static_cast<char>(state.c_cc[VEOF]);
    }
    return 4;  // Ctrl-D
}

}  // namespace

Result<std::unique_ptr<Forwarder>> Forwarder::create(event::Loop& loop, ForwarderConfig config) {
    std::unique_ptr<Forwarder> forwarder(new Forwarder(loop, std::move(config)));
    BOX_TRY(forwarder->attach().context("attach the console"));
    return forwarder;
}

Result<void> Forwarder::attach() {
    BOX_TRY(os::set_nonblocking(config_.master, true));
    if (config_.mode == Mode::interactive && !config_.unsent.input_ended) {
        BOX_TRY(open_input(config_.input));
        escape_timer_ = loop_.add_timer(event::kNever, [this] { on_escape_timeout(); });
    }
    if (config_.mode != Mode::passive) {
        output_ = BOX_TRY(Endpoint::open(config_.output, Endpoint::Use::output));
        output_source_ = BOX_TRY(loop_.add_io(output_->fd(), 0, [this](uint32_t) {
            write_output();
            update();
        }));
    }
    master_source_ = BOX_TRY(
            loop_.add_io(config_.master, 0, [this](uint32_t events) { on_master(events); }));
    BOX_TRY(resize());
    go_on_with(std::exchange(config_.unsent, {}));
    update();
    return {};
}

Result<void> Forwarder::open_input(os::BorrowedFd input) {
    input_ = BOX_TRY(Endpoint::open(input, Endpoint::Use::input));
    input_source_ = BOX_TRY(loop_.add_io(input_->fd(), 0, [this](uint32_t) { on_input(); }));
    return {};
}

Result<void> Forwarder::take_input(os::BorrowedFd input) {
    drop_input();
    BOX_TRY(open_input(input));
    update();
    return {};
}

void Forwarder::drop_input() {
    input_source_.reset();
    input_.reset();
}

void Forwarder::go_on_with(const Unsent& unsent) {
    history_.push_latest(unsent.history);
    to_box_.push(std::span(unsent.to_box).first(std::min(unsent.to_box.size(), to_box_.free())));
    if (output_) {
        to_output_.push(std::span(unsent.to_output)
                                .first(std::min(unsent.to_output.size(), to_output_.free())));
    } else {
        history_.push_latest(unsent.to_output);
    }
}

Unsent Forwarder::unsent() const {
    const auto text_of = [](const auto& ring) {
        std::string text;
        for (const auto part : ring.parts())
            text.append(part.begin(), part.end());
        return text;
    };
    Unsent unsent;
    unsent.to_output = text_of(to_output_);
    unsent.to_box = text_of(to_box_) + std::string(escapes_.held(), kEscapeKey);
    unsent.history = text_of(history_);
    unsent.input_ended = config_.mode == Mode::interactive && !input_;
    return unsent;
}

Result<void> Forwarder::resize() {
    for (const auto* end : {&output_, &input_}) {
        if (!*end || !(*end)->is_terminal()) continue;
        const winsize size = BOX_TRY(os::window_size((*end)->fd()));
        return config_.set_size ? config_.set_size(size)
                                : os::set_window_size(config_.master, size);
    }
    return {};
}

/// How much of the box's output can be taken now.
size_t Forwarder::room() const {
    return output_ ? std::min(kPiece, to_output_.free()) : kPiece;
}

void Forwarder::on_master(uint32_t events) {
    if ((events & EPOLLOUT) != 0) write_master();
    if (room() > 0) {
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_master();
    } else if ((events & EPOLLHUP) != 0) {
        hung_up_ = true;  // cannot be looked at now and must not be reported for ever
    }
    update();
}

Forwarder::MasterState Forwarder::read_master() {
    std::array<char, kPiece> piece;
    const ssize_t count = read(config_.master.get(), piece.data(), room());
    if (count > 0) {
        hung_up_ = false;
        deliver(std::span(piece).first(static_cast<size_t>(count)));
        return MasterState::more;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return MasterState::empty;
    hung_up_ = true;
    return MasterState::hung_up;
}

void Forwarder::deliver(std::span<const char> data) {
    if (config_.tee) config_.tee(data);
    if (!output_) return history_.push_latest(data);
    to_output_.push(data);
    if (output_->never_blocks()) write_output();
}

void Forwarder::write_output() {
    while (!to_output_.empty()) {
        auto written = output_->write(to_output_.front());
        if (!written) {
            if (written.error().code() != EAGAIN) lose_output(std::move(written).error());
            return;
        }
        to_output_.consume(*written);
        if (!output_->never_blocks()) return;
    }
}

/// From here on as if nobody were attached: what is left becomes history.
void Forwarder::lose_output(Error error) {
    failure_ = std::move(error);
    for (const auto part : to_output_.parts())
        history_.push_latest(part);
    to_output_.consume(to_output_.size());
    output_source_.reset();
    output_.reset();
}

void Forwarder::on_input() {
    std::array<char, kPiece> piece;
    // Keys that are held back keep their place.
    const size_t space = to_box_.free() - EscapeFilter::kMaxHeld;
    const auto count = input_->read(std::span(piece).first(std::min(space, piece.size())));
    if (!count) {
        if (count.error().code() != EAGAIN) end_input(false);  // the terminal is gone
        return;
    }
    if (*count == 0) return end_input(true);
    const auto keys = std::span(piece).first(*count);
    if (input_->is_terminal() && config_.on_escape) {
        for (const char key : keys)
            take_key(key);
    } else {
        to_box_.push(keys);
    }
    write_master();
    update();
}

void Forwarder::take_key(char key) {
    const bool held = escapes_.holding();
    const EscapeFilter::Step& step = escapes_.feed(key);
    replay(step);
    if (step.pass) to_box_.push({&key, 1});
    if (!escapes_.holding()) {
        escape_timer_.set_deadline(event::kNever);
    } else if (!held) {
        escape_timer_.set_deadline(event::now_us() + kEscapeWindow);
    }
    if (step.escape) config_.on_escape(*step.escape);
}

void Forwarder::replay(const EscapeFilter::Step& step) {
    for (unsigned i = 0; i < step.replay; i++)
        to_box_.push({&kEscapeKey, 1});
}

void Forwarder::on_escape_timeout() {
    replay(escapes_.expire());
    write_master();
    update();
}

/// The end of a file or pipe is passed on once as the key that stands for it. A terminal that is
/// gone says nothing about what its user wanted.
void Forwarder::end_input(bool end_of_file) {
    if (end_of_file && !input_->is_terminal() && config_.mode == Mode::interactive) {
        const char key = end_of_file_key(config_.master);
        to_box_.push({&key, 1});
    }
    drop_input();
    write_master();
    update();
}

void Forwarder::write_master() {
    while (!to_box_.empty()) {
        const auto data = to_box_.front();
        const ssize_t count = write(config_.master.get(), data.data(), data.size());
        if (count < 0) {
            // Other errors than "full" can only be waited out; EPOLLOUT would report them for ever.
            if (errno != EAGAIN && errno != EINTR) hung_up_ = true;
            return;
        }
        to_box_.consume(static_cast<size_t>(count));
    }
}

/// Asks for exactly the events that can make progress.
void Forwarder::update() {
    if (hung_up_ && room() > 0) read_master();  // an edge may have been passed without room
    uint32_t master = 0;
    if (room() > 0) master |= EPOLLIN;
    if (!to_box_.empty()) master |= EPOLLOUT;
    if (hung_up_) master |= EPOLLIN | EPOLLET;
    const auto watch = [this](event::IoSource& source, uint32_t events) {
        if (!source.active()) return;
        if (auto set = source.set_events(events); !set) failure_ = std::move(set).error();
    };
    watch(master_source_, master);
    watch(output_source_, to_output_.empty() ? 0U : uint32_t{EPOLLOUT});
    watch(input_source_, to_box_.free() > EscapeFilter::kMaxHeld ? uint32_t{EPOLLIN} : 0U);
}

bool Forwarder::drain(uint64_t timeout) {
    const uint64_t deadline = event::now_us() + timeout;
    MasterState state = MasterState::more;
    for (;;) {
        if (state != MasterState::hung_up && room() > 0) state = read_master();
        if (state == MasterState::hung_up && to_output_.empty()) return true;
        const uint64_t now = event::now_us();
        if (now >= deadline) return false;
        if (state == MasterState::more && room() > 0) continue;
        wait_to_drain(deadline - now, state != MasterState::hung_up);
    }
}

void Forwarder::wait_to_drain(uint64_t timeout, bool reading) {
    const int master = reading && room() > 0 ? config_.master.get() : -1;
    const int output = to_output_.empty() ? -1 : output_->fd().get();
    std::array<struct pollfd, 2> ready = {{{master, POLLIN, 0}, {output, POLLOUT, 0}}};
    const struct timespec wait = {static_cast<time_t>(timeout / event::kSecond),
                                  static_cast<long>(timeout % event::kSecond * 1000)};
    const int count = ppoll(ready.data(), ready.size(), &wait, nullptr);
    if (count > 0 && ready[1].revents != 0) write_output();
}

}  // namespace boxctl::console
