// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/event/loop.h"

#include <algorithm>
#include <tuple>
#include <variant>

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/event/signal_mask.h"

namespace boxctl::event {

namespace {
// Alternatives stand in the order in which they are served within one wake-up. Structs, because
// timers and hooks have callbacks of the same type.
struct Child {
    Loop::ChildCallback callback;
};
struct Signal {
    Loop::SignalCallback callback;
    int number;
};
struct Timer {
    Loop::TimerCallback callback;
    uint64_t deadline;
};
struct Io {
    Loop::IoCallback callback;
};
struct Hook {
    Loop::HookCallback callback;
};
using Action = std::variant<Child, Signal, Timer, Io, Hook>;
}  // namespace

struct Entry {
    Loop* loop;
    Action action;
    int fd = -1;
    uint32_t events = 0;        // in the epoll set when not 0
    bool always_ready = false;  // a regular file: epoll refuses it

    template <class T>
    T* as() {
        return std::get_if<T>(&action);
    }
};

uint64_t now_us() {
    struct timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

void Source::reset() {
    Entry* entry = std::exchange(entry_, nullptr);
    if (entry != nullptr) entry->loop->remove(entry);
}

Result<void> IoSource::set_events(uint32_t events) {
    if (entry_->events == events) return {};
    return entry_->loop->update_epoll(*entry_, events);
}

void TimerSource::set_deadline(uint64_t deadline) {
    entry_->as<Timer>()->deadline = deadline;
}

Loop::Loop(os::UniqueFd epoll, os::UniqueFd timer)
        : epoll_(std::move(epoll)), timer_(std::move(timer)) {
}

Loop::~Loop() = default;

Result<std::unique_ptr<Loop>> Loop::create() {
    os::UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.valid()) return errno_error("make an epoll descriptor");
    os::UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer.valid()) return errno_error("make a timer descriptor");
    std::unique_ptr<Loop> loop(new Loop(std::move(epoll), std::move(timer)));
    struct epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = &loop->timer_;
    if (epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->timer_.get(), &event) < 0) {
        return errno_error("watch a timer descriptor");
    }
    return loop;
}

Entry* Loop::insert(std::unique_ptr<Entry> entry) {
    entries_.push_back(std::move(entry));
    // Room for all of them at once, so that a child is never missing from the batch it belongs to.
    events_.resize(entries_.size() + 2);
    return entries_.back().get();
}

void Loop::remove(Entry* entry) {
    if (entry->events != 0) {
        if (const auto updated = update_epoll(*entry, 0); !updated) {
            log::debug(updated.error().message());  // the descriptor was closed too early
        }
    }
    for (Ready& ready : ready_) {
        if (ready.entry == entry) ready.entry = nullptr;
    }
    const auto at = std::find_if(entries_.begin(), entries_.end(),
                                 [&](const auto& other) { return other.get() == entry; });
    std::unique_ptr<Entry> removed = std::move(*at);
    entries_.erase(at);
    if (removed->as<Signal>() != nullptr) {
        if (const auto updated = update_signals(0); !updated) {
            log::debug(updated.error().message());
        }
    }
    if (entry == current_) retired_ = std::move(removed);  // its callback is on the stack
}

Result<void> Loop::update_epoll(Entry& entry, uint32_t events) {
    struct epoll_event event = {};
    event.events = events;
    event.data.ptr = &entry;
    int operation = EPOLL_CTL_MOD;
    if (entry.events == 0) operation = EPOLL_CTL_ADD;
    if (events == 0) operation = EPOLL_CTL_DEL;
    if (!entry.always_ready && epoll_ctl(epoll_.get(), operation, entry.fd, &event) < 0) {
        if (errno != EPERM) return errno_error(format("watch descriptor %d", entry.fd));
        entry.always_ready = true;
    }
    entry.events = events;
    return {};
}

Result<IoSource> Loop::add_io(os::BorrowedFd fd, uint32_t events, IoCallback callback) {
    auto entry = std::make_unique<Entry>(Entry{this, Io{std::move(callback)}, fd.get()});
    if (events != 0) BOX_TRY(update_epoll(*entry, events));
    return IoSource(insert(std::move(entry)));
}

TimerSource Loop::add_timer(uint64_t deadline, TimerCallback callback) {
    return TimerSource(
            insert(std::make_unique<Entry>(Entry{this, Timer{std::move(callback), deadline}})));
}

Source Loop::add_hook(HookCallback callback) {
    return Source(insert(std::make_unique<Entry>(Entry{this, Hook{std::move(callback)}})));
}

Result<Source> Loop::add_child(os::BorrowedFd pidfd, ChildCallback callback) {
    auto entry = std::make_unique<Entry>(Entry{this, Child{std::move(callback)}, pidfd.get()});
    BOX_TRY(update_epoll(*entry, EPOLLIN));
    return Source(insert(std::move(entry)));
}

Result<Source> Loop::add_signal(int signal, SignalCallback callback) {
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    if (sigismember(&blocked, signal) != 1) {
        return Error(EBUSY, "receive unblocked " + os::signal_name(signal));
    }
    BOX_TRY(update_signals(signal));
    return Source(
            insert(std::make_unique<Entry>(Entry{this, Signal{std::move(callback), signal}})));
}

/// The signalfd's set: that of the signal sources, and `extra` unless 0.
Result<void> Loop::update_signals(int extra) {
    sigset_t wanted;
    sigemptyset(&wanted);
    if (extra != 0) sigaddset(&wanted, extra);
    for (const auto& entry : entries_) {
        if (const auto* signal = entry->as<Signal>()) sigaddset(&wanted, signal->number);
    }
    const int fd = signalfd(signal_.get(), &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return errno_error("make a signal descriptor");
    if (signal_.valid()) return {};
    signal_.reset(fd);
    struct epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = &signal_;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
        const Error error = errno_error("watch a signal descriptor");
        signal_.reset();
        return error;
    }
    return {};
}

Result<int> Loop::run() {
    for (;;) {
        for (const auto& entry : entries_) {
            if (entry->as<Hook>() != nullptr) push_ready(entry.get(), 0);
        }
        BOX_TRY(dispatch());
        if (exit_code_) return *std::exchange(exit_code_, std::nullopt);
        BOX_TRY(wait());
        BOX_TRY(dispatch());
        if (exit_code_) return *std::exchange(exit_code_, std::nullopt);
    }
}

Result<void> Loop::arm_timer() {
    uint64_t nearest = kNever;
    for (const auto& entry : entries_) {
        if (const auto* timer = entry->as<Timer>()) nearest = std::min(nearest, timer->deadline);
    }
    if (nearest == armed_) return {};
    struct itimerspec spec = {};  // all zero disarms, so the past becomes the first microsecond
    if (nearest != kNever) {
        const uint64_t at = std::max<uint64_t>(nearest, 1);
        spec.it_value.tv_sec = static_cast<time_t>(at / kSecond);
        spec.it_value.tv_nsec = static_cast<long>(at % kSecond * 1000);
    }
    if (timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) < 0) {
        return errno_error("arm a timer");
    }
    armed_ = nearest;
    return {};
}

Result<void> Loop::wait() {
    BOX_TRY(arm_timer());
    const bool poll_only = std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
        return entry->always_ready && entry->events != 0;
    });
    int count = -1;
    do {
        count = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                           poll_only ? 0 : -1);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return errno_error("wait for events");
    wakeups_++;
    woken_at_ = now_us();
    for (int i = 0; i < count; i++)
        BOX_TRY(collect(events_[static_cast<size_t>(i)]));
    if (poll_only) {
        for (const auto& entry : entries_) {
            if (entry->always_ready && entry->events != 0) push_ready(entry.get(), entry->events);
        }
    }
    return {};
}

Result<void> Loop::collect(const epoll_event& event) {
    if (event.data.ptr == &timer_) return collect_timers();
    if (event.data.ptr == &signal_) return collect_signal();
    push_ready(static_cast<Entry*>(event.data.ptr), event.events);
    return {};
}

Result<void> Loop::collect_timers() {
    uint64_t expirations = 0;
    if (read(timer_.get(), &expirations, sizeof expirations) < 0 && errno != EAGAIN) {
        return errno_error("read a timer");
    }
    armed_ = kNever;
    for (const auto& entry : entries_) {
        const auto* timer = entry->as<Timer>();
        if (timer != nullptr && timer->deadline <= woken_at_) push_ready(entry.get(), 0);
    }
    return {};
}

/// One a wake-up: the descriptor stays readable while more are pending.
Result<void> Loop::collect_signal() {
    if (read(signal_.get(), &siginfo_, sizeof siginfo_) < 0) {
        if (errno == EAGAIN) return {};
        return errno_error("read a signal");
    }
    for (const auto& entry : entries_) {
        const auto* signal = entry->as<Signal>();
        if (signal != nullptr && signal->number == static_cast<int>(siginfo_.ssi_signo)) {
            push_ready(entry.get(), 0);
        }
    }
    return {};
}

void Loop::push_ready(Entry* entry, uint32_t events) {
    ready_.push_back({entry, events, ready_.size()});
}

Result<void> Loop::dispatch() {
    const ScopeGuard clear([this] { ready_.clear(); });
    const auto rank = [](const Ready& ready) {
        const auto* timer = ready.entry->as<Timer>();
        return std::make_tuple(ready.entry->action.index(), timer != nullptr ? timer->deadline : 0,
                               ready.order);
    };
    std::sort(ready_.begin(), ready_.end(),
              [&](const Ready& a, const Ready& b) { return rank(a) < rank(b); });
    for (size_t i = 0; i < ready_.size(); i++) {
        if (ready_[i].entry != nullptr) BOX_TRY(call(*ready_[i].entry, ready_[i].events));
    }
    return {};
}

/// An earlier callback of the same batch may have changed what this source waits for.
Result<void> Loop::call(Entry& entry, uint32_t events) {
    current_ = &entry;
    const ScopeGuard finish([this] {
        current_ = nullptr;
        retired_.reset();
    });
    if (auto* timer = entry.as<Timer>()) {
        if (timer->deadline > woken_at_) return {};
        timer->deadline = kNever;
        timer->callback();
    } else if (auto* io = entry.as<Io>()) {
        const uint32_t wanted = events & (entry.events | EPOLLHUP | EPOLLERR);
        if (entry.events != 0 && wanted != 0) io->callback(wanted);
    } else if (auto* signal = entry.as<Signal>()) {
        signal->callback(siginfo_);
    } else if (auto* hook = entry.as<Hook>()) {
        hook->callback();
    } else {
        return call_child(entry);
    }
    return {};
}

Result<void> Loop::call_child(Entry& entry) {
    const auto status = os::poll_exit(os::BorrowedFd(entry.fd));
    if (!status && status.error().code() == EAGAIN) return {};
    // A reaped child's pidfd stays readable.
    BOX_TRY(update_epoll(entry, 0));
    if (!status) return status.error();
    entry.as<Child>()->callback(*status);
    return {};
}

}  // namespace boxctl::event
