// SPDX-License-Identifier: LGPL-2.1-or-later
// Loop: one epoll(7) that calls back for descriptors, deadlines, signals and children.
//
// - A source is a handle: destroying it removes the source, at any time, also from inside its own
//   callback or from that of another source which is ready in the same wake-up. A removed source
//   is never called again.
// - Of everything that is ready in one wake-up, ended children come first, then signals, then
//   deadlines (earliest first), then descriptors: who reacts to a signal or to a closed connection
//   already knows that the child is gone.
// - The loop has one timerfd(2), armed for the nearest deadline, and one signalfd(2): with nothing
//   to do it sleeps without any wake-up.
// - A Loop outlives its sources, stays in one thread, and run() is not called from a callback.
//
// Another library's connection (sd-bus and the like) attaches with what is here: add_io() on its
// descriptor, add_timer() for its timeout, and a before-wait hook that copies its wanted events
// and deadline into the two with set_events() and set_deadline(), because they change with every
// call into the library. Both callbacks process the connection; a deadline in the past (more is
// queued already) calls back without a wait.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "lib/os/fd.h"
#include "lib/os/process.h"

namespace boxctl::event {

/// CLOCK_MONOTONIC in microseconds, the clock of every deadline here.
uint64_t now_us();
inline constexpr uint64_t kNever = UINT64_MAX;
inline constexpr uint64_t kSecond = 1000000;

class Loop;
struct Entry;

class [[nodiscard]] Source {
 public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    Source(Source&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    Source& operator=(Source&& other) noexcept {
        if (this != &other) {
            reset();
            entry_ = std::exchange(other.entry_, nullptr);
        }
        return *this;
    }
    ~Source() { reset(); }
    void reset();
    [[nodiscard]] bool active() const { return entry_ != nullptr; }

 protected:
    friend class Loop;
    explicit Source(Entry* entry) : entry_(entry) {}
    Entry* entry_ = nullptr;
};

class [[nodiscard]] IoSource : public Source {
 public:
    using Source::Source;
    /// Replaces the EPOLL* mask. 0 takes the descriptor out of the epoll set: then not even
    /// EPOLLHUP and EPOLLERR, which epoll_ctl(2) adds to any mask, can turn into a busy loop.
    Result<void> set_events(uint32_t events);
};

class [[nodiscard]] TimerSource : public Source {
 public:
    using Source::Source;
    /// Calls back once at or after `deadline`; kNever disarms.
    void set_deadline(uint64_t deadline);
};

class Loop {
 public:
    using ChildCallback = std::function<void(os::ExitStatus)>;
    using SignalCallback = std::function<void(const signalfd_siginfo&)>;
    using TimerCallback = std::function<void()>;
    using IoCallback = std::function<void(uint32_t events)>;
    using HookCallback = std::function<void()>;

    static Result<std::unique_ptr<Loop>> create();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    /// Calls back while any of `events` (EPOLL*) holds. `fd` stays open as long as the source and
    /// is added once (EEXIST). A regular file, which epoll refuses, counts as always ready.
    Result<IoSource> add_io(os::BorrowedFd fd, uint32_t events, IoCallback callback);
    /// Calls back once at or after `deadline` (now_us() based); see TimerSource::set_deadline().
    TimerSource add_timer(uint64_t deadline, TimerCallback callback);
    /// Calls back for every delivery of `signal`, which the caller has blocked (EBUSY if not).
    Result<Source> add_signal(int signal, SignalCallback callback);
    /// Reaps the child behind `pidfd` when it ends and calls back once. Children of other processes
    /// can be watched with add_io(pidfd, EPOLLIN, …).
    Result<Source> add_child(os::BorrowedFd pidfd, ChildCallback callback);
    /// Calls back before each wait; see the note on other libraries above.
    Source add_hook(HookCallback callback);

    /// Makes run() return `code` once the callbacks of this wake-up are done (a signal that was
    /// received already must not be lost). The first call counts.
    void exit(int code) {
        if (!exit_code_) exit_code_ = code;
    }
    /// Serves the sources until exit(). Errors: the kernel refused to wait, to arm the timer, or to
    /// reap (a child that is not ours).
    Result<int> run();

    /// How often the kernel woke the loop: what tests of idleness look at.
    [[nodiscard]] uint64_t wakeups() const { return wakeups_; }

 private:
    friend class Source;
    friend class IoSource;
    struct Ready {
        Entry* entry;
        uint32_t events;
        size_t order;
    };

    Loop(os::UniqueFd epoll, os::UniqueFd timer);
    Entry* insert(std::unique_ptr<Entry> entry);
    void remove(Entry* entry);
    Result<void> update_epoll(Entry& entry, uint32_t events);
    Result<void> update_signals(int extra);
    Result<void> wait();
    Result<void> arm_timer();
    Result<void> collect(const epoll_event& event);
    Result<void> collect_timers();
    Result<void> collect_signal();
    void push_ready(Entry* entry, uint32_t events);
    Result<void> dispatch();
    Result<void> call(Entry& entry, uint32_t events);
    Result<void> call_child(Entry& entry);

    os::UniqueFd epoll_;
    os::UniqueFd timer_;
    os::UniqueFd signal_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::vector<epoll_event> events_;
    std::vector<Ready> ready_;
    signalfd_siginfo siginfo_ = {};
    Entry* current_ = nullptr;
    std::unique_ptr<Entry> retired_;
    uint64_t armed_ = kNever;
    uint64_t woken_at_ = 0;
    uint64_t wakeups_ = 0;
    std::optional<int> exit_code_;
};

}  // namespace boxctl::event
