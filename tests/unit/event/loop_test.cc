// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/event/loop.h"

#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/event/signal_mask.h"

using namespace boxctl;
using event::kNever;
using event::Loop;
using event::now_us;

namespace {

struct Pipe {
    Pipe() {
        int ends[2] = {-1, -1};
        BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        read_end.reset(ends[0]);
        write_end.reset(ends[1]);
    }
    void put() const { BOOST_REQUIRE_EQUAL(write(write_end.get(), "x", 1), 1); }
    void take() const {
        char byte = 0;
        BOOST_REQUIRE_EQUAL(read(read_end.get(), &byte, 1), 1);
    }
    os::UniqueFd read_end;
    os::UniqueFd write_end;
};

std::unique_ptr<Loop> make_loop() {
    auto loop = Loop::create();
    BOOST_REQUIRE(loop);
    return std::move(loop).value();
}

template <class T>
T need(Result<T> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
    return std::move(result).value();
}

/// Ends the loop after `delay` microseconds.
event::TimerSource stop_after(Loop& loop, uint64_t delay) {
    return loop.add_timer(now_us() + delay, [&loop] { loop.exit(0); });
}

/// A child that has ended and waits to be reaped.
os::Cloned ended_child(int code) {
    os::Cloned child = need(os::clone_process({}));
    if (child.pid == 0) _exit(code);
    siginfo_t info = {};
    BOOST_REQUIRE_EQUAL(waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT), 0);
    return child;
}

}  // namespace

BOOST_AUTO_TEST_CASE(run_returns_the_first_exit_code) {
    auto loop = make_loop();
    loop->exit(7);
    loop->exit(8);
    BOOST_TEST(need(loop->run()) == 7);
    const auto later = loop->add_timer(0, [&] { loop->exit(9); });
    BOOST_TEST(need(loop->run()) == 9);
}

BOOST_AUTO_TEST_CASE(idle_loop_is_woken_by_nothing_but_its_deadline) {
    auto loop = make_loop();
    Pipe pipe;
    const auto io = need(loop->add_io(pipe.read_end, EPOLLIN, [](uint32_t) {}));
    const auto far = loop->add_timer(now_us() + 3600 * event::kSecond, [] {});
    const auto stop = stop_after(*loop, 200000);
    const uint64_t start = now_us();
    need(loop->run());
    BOOST_TEST(loop->wakeups() == 1U);
    BOOST_TEST(now_us() - start >= 200000U);
}

BOOST_AUTO_TEST_CASE(timers_fire_once_in_the_order_of_their_deadlines) {
    auto loop = make_loop();
    std::string order;
    const uint64_t past = now_us() - 1000;
    const auto c = loop->add_timer(past, [&] { order += 'c'; });
    const auto a = loop->add_timer(0, [&] { order += 'a'; });
    const auto b = loop->add_timer(past - 1, [&] { order += 'b'; });
    const auto d = loop->add_timer(now_us() + 5000, [&] { order += 'd'; });
    const auto never = loop->add_timer(kNever, [&] { order += '!'; });
    const auto stop = stop_after(*loop, 20000);
    need(loop->run());
    BOOST_TEST(order == "abcd");
}

BOOST_AUTO_TEST_CASE(timer_moved_by_an_earlier_callback_does_not_fire) {
    auto loop = make_loop();
    int fired = 0;
    event::TimerSource later = loop->add_timer(2, [&] { fired++; });
    const auto first = loop->add_timer(1, [&] { later.set_deadline(kNever); });
    const auto stop = stop_after(*loop, 10000);
    need(loop->run());
    BOOST_TEST(fired == 0);
    later.set_deadline(0);
    const auto again = stop_after(*loop, 10000);
    need(loop->run());
    BOOST_TEST(fired == 1);
}

BOOST_AUTO_TEST_CASE(timer_can_rearm_itself) {
    auto loop = make_loop();
    int fired = 0;
    event::TimerSource timer;
    timer = loop->add_timer(0, [&] {
        if (++fired == 3) return loop->exit(0);
        timer.set_deadline(now_us() + 1000);
    });
    need(loop->run());
    BOOST_TEST(fired == 3);
}

BOOST_AUTO_TEST_CASE(io_callback_gets_the_events_that_hold) {
    auto loop = make_loop();
    Pipe pipe;
    uint32_t seen = 0;
    const auto io = need(loop->add_io(pipe.read_end, EPOLLIN, [&](uint32_t events) {
        seen = events;
        pipe.take();
        loop->exit(0);
    }));
    pipe.put();
    need(loop->run());
    BOOST_TEST(seen == static_cast<uint32_t>(EPOLLIN));
}

BOOST_AUTO_TEST_CASE(mask_of_zero_silences_even_a_hangup) {
    auto loop = make_loop();
    Pipe pipe;
    int calls = 0;
    event::IoSource io;
    io = need(loop->add_io(pipe.read_end, EPOLLIN, [&](uint32_t events) {
        BOOST_TEST((events & EPOLLHUP) != 0U);
        calls++;
        BOOST_REQUIRE(io.set_events(0));
    }));
    pipe.write_end.reset();
    const auto stop = stop_after(*loop, 20000);
    need(loop->run());
    BOOST_TEST(calls == 1);
    BOOST_TEST(loop->wakeups() == 2U);
    BOOST_REQUIRE(io.set_events(EPOLLIN));
    const auto again = stop_after(*loop, 5000);
    need(loop->run());
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_CASE(regular_file_is_always_ready_until_masked) {
    auto loop = make_loop();
    char name[] = "/tmp/boxctl-loop-XXXXXX";
    const os::UniqueFd file(mkostemp(name, O_CLOEXEC));
    BOOST_REQUIRE(file.valid());
    unlink(name);
    int calls = 0;
    event::IoSource io;
    io = need(loop->add_io(file, EPOLLOUT, [&](uint32_t events) {
        BOOST_TEST(events == static_cast<uint32_t>(EPOLLOUT));
        if (++calls == 3) BOOST_REQUIRE(io.set_events(0));
    }));
    const auto stop = stop_after(*loop, 20000);
    need(loop->run());
    BOOST_TEST(calls == 3);
    BOOST_TEST(loop->wakeups() == 4U);
}

BOOST_AUTO_TEST_CASE(source_may_remove_itself_in_its_callback) {
    auto loop = make_loop();
    Pipe pipe;
    int calls = 0;
    const auto witness = std::make_shared<int>(0);
    event::IoSource io;
    event::TimerSource timer;
    io = need(loop->add_io(pipe.read_end, EPOLLIN, [&, witness](uint32_t) {
        io.reset();
        calls += 1 + *witness;  // captures are alive until the callback returns
    }));
    timer = loop->add_timer(0, [&, witness] {
        timer.reset();
        calls += 1 + *witness;
    });
    pipe.put();
    const auto stop = stop_after(*loop, 10000);
    need(loop->run());
    BOOST_TEST(calls == 2);
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(source_removed_by_another_of_the_same_wakeup_is_not_called) {
    auto loop = make_loop();
    Pipe first;
    Pipe second;
    event::IoSource a;
    event::IoSource b;
    int calls = 0;
    a = need(loop->add_io(first.read_end, EPOLLIN, [&](uint32_t) {
        calls++;
        first.take();
        b.reset();
    }));
    b = need(loop->add_io(second.read_end, EPOLLIN, [&](uint32_t) {
        calls++;
        second.take();
        a.reset();
    }));
    first.put();
    second.put();
    const auto stop = stop_after(*loop, 10000);
    need(loop->run());
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(source_may_be_added_in_a_callback) {
    auto loop = make_loop();
    std::vector<event::TimerSource> timers;
    int fired = 0;
    const auto start = loop->add_timer(0, [&] {
        for (int i = 0; i < 100; i++) {
            timers.push_back(loop->add_timer(0, [&] {
                if (++fired == 100) loop->exit(0);
            }));
        }
    });
    need(loop->run());
    BOOST_TEST(fired == 100);
}

BOOST_AUTO_TEST_CASE(signal_has_to_be_blocked) {
    auto loop = make_loop();
    const auto source = loop->add_signal(SIGUSR2, [](const signalfd_siginfo&) {});
    BOOST_REQUIRE(!source);
    BOOST_TEST(source.error().code() == EBUSY);
    BOOST_TEST(source.error().text() == "receive unblocked SIGUSR2");
}

BOOST_AUTO_TEST_CASE(signals_arrive_and_the_mask_is_restored) {
    sigset_t before;
    sigset_t after;
    pthread_sigmask(SIG_BLOCK, nullptr, &before);
    {
        const event::SignalMask mask({SIGUSR1, SIGWINCH});
        auto loop = make_loop();
        std::string seen;
        pid_t sender = 0;
        const auto usr1 = need(loop->add_signal(SIGUSR1, [&](const signalfd_siginfo& info) {
            seen += 'u';
            sender = static_cast<pid_t>(info.ssi_pid);
        }));
        auto winch =
                need(loop->add_signal(SIGWINCH, [&](const signalfd_siginfo&) { seen += 'w'; }));
        kill(getpid(), SIGUSR1);
        kill(getpid(), SIGWINCH);
        const auto stop = stop_after(*loop, 10000);
        need(loop->run());
        BOOST_TEST(seen == "uw");
        BOOST_TEST(sender == getpid());
        winch.reset();
        kill(getpid(), SIGWINCH);
        const auto again = stop_after(*loop, 5000);
        need(loop->run());
        BOOST_TEST(seen == "uw");
        BOOST_TEST(sigismember(&mask.saved(), SIGUSR1) == 0);
    }
    pthread_sigmask(SIG_BLOCK, nullptr, &after);
    BOOST_TEST(sigismember(&before, SIGUSR1) == sigismember(&after, SIGUSR1));
}

BOOST_AUTO_TEST_CASE(child_comes_before_everything_else_of_the_same_wakeup) {
    const event::SignalMask mask({SIGUSR1});
    auto loop = make_loop();
    Pipe pipe;
    std::string order;
    const auto timer = loop->add_timer(0, [&] { order += 't'; });
    const auto io = need(loop->add_io(pipe.read_end, EPOLLIN, [&](uint32_t) {
        pipe.take();
        order += 'i';
    }));
    const auto signal =
            need(loop->add_signal(SIGUSR1, [&](const signalfd_siginfo&) { order += 's'; }));
    const os::Cloned child = ended_child(42);
    int code = 0;
    const auto source = need(loop->add_child(child.pidfd, [&](os::ExitStatus status) {
        order += 'c';
        code = status.code;
        loop->exit(0);
    }));
    pipe.put();
    kill(getpid(), SIGUSR1);
    need(loop->run());
    BOOST_TEST(order == "csti");
    BOOST_TEST(code == 42);
    BOOST_TEST(loop->wakeups() == 1U);
}

BOOST_AUTO_TEST_CASE(child_is_reported_once) {
    auto loop = make_loop();
    const os::Cloned child = ended_child(0);
    int calls = 0;
    const auto source = need(loop->add_child(child.pidfd, [&](os::ExitStatus) { calls++; }));
    const auto stop = stop_after(*loop, 10000);
    need(loop->run());
    BOOST_TEST(calls == 1);
    BOOST_TEST(loop->wakeups() == 2U);
}

BOOST_AUTO_TEST_CASE(child_of_another_process_ends_run_with_an_error) {
    auto loop = make_loop();
    const os::Cloned child = ended_child(0);
    const auto source = need(loop->add_child(child.pidfd, [](os::ExitStatus) {}));
    need(os::wait_for(child.pidfd));  // somebody else reaped it
    const auto result = loop->run();
    BOOST_REQUIRE(!result);
    BOOST_TEST(result.error().code() == ECHILD);
}

// What an sd-bus connection needs: events and deadline that change with every call into it.
BOOST_AUTO_TEST_CASE(hook_before_each_wait_can_feed_a_foreign_connection) {
    auto loop = make_loop();
    Pipe pipe;
    int processed = 0;
    int queued = 2;
    event::IoSource io;
    event::TimerSource timer;
    const auto process = [&] {
        if (queued > 0) {
            queued--;
        } else {
            pipe.take();
        }
        if (++processed == 3) loop->exit(0);
        if (queued == 0) pipe.put();
    };
    io = need(loop->add_io(pipe.read_end, 0, [&](uint32_t) { process(); }));
    timer = loop->add_timer(kNever, process);
    const auto hook = loop->add_hook([&] {
        BOOST_REQUIRE(io.set_events(queued > 0 ? 0U : uint32_t{EPOLLIN}));
        timer.set_deadline(queued > 0 ? 0 : kNever);
    });
    need(loop->run());
    BOOST_TEST(processed == 3);
}

BOOST_AUTO_TEST_CASE(adding_a_descriptor_twice_is_an_error) {
    auto loop = make_loop();
    Pipe pipe;
    const auto first = need(loop->add_io(pipe.read_end, EPOLLIN, [](uint32_t) {}));
    const auto second = loop->add_io(pipe.read_end, EPOLLIN, [](uint32_t) {});
    BOOST_REQUIRE(!second);
    BOOST_TEST(second.error().code() == EEXIST);
}
