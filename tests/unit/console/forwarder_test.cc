// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/forwarder.h"

#include <sys/stat.h>

#include "lib/os/pty.h"
#include "tests/unit/console/support.h"

using namespace boxctl::console;
using namespace console_test;

namespace {

constexpr size_t kMuch = 3U << 20U;

std::unique_ptr<Forwarder> forward(const Bed& bed, Mode mode, BorrowedFd input, BorrowedFd output) {
    return need(Forwarder::create(*bed.loop, {mode, bed.box.near, input, output, {}, {}}));
}

std::string text_of(const Forwarder& forwarder) {
    std::string all;
    for (const auto part : forwarder.history())
        all.append(part.begin(), part.end());
    return all;
}

/// Runs the loop until the reader has `total` bytes, at most 20 s.
void run_until_done(const Bed& bed) {
    bed.run_for(20 * boxctl::event::kSecond);
}

}  // namespace

BOOST_AUTO_TEST_CASE(output_arrives_whole_at_terminal_pipe_and_socket) {
    const struct {
        const char* name;
        Pair (*make)();
    } kinds[] = {{"terminal", make_terminal}, {"pipe", make_pipe}, {"socket", make_sockets}};
    for (const auto& kind : kinds) {
        BOOST_TEST_CONTEXT(kind.name) {
            const Bed bed;
            const Pair screen = kind.make();
            const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
            const Writer writer(*bed.loop, bed.box.far, kMuch);
            const Reader reader(*bed.loop, screen.near, kMuch);
            run_until_done(bed);
            BOOST_TEST(reader.received == kMuch);
            BOOST_TEST(reader.wrong == 0U);
            BOOST_TEST(!is_nonblocking(screen.far));
        }
    }
}

BOOST_AUTO_TEST_CASE(input_arrives_whole_while_output_flows) {
    const Bed bed;
    const Pair keyboard = make_pipe();
    const Pair screen = make_terminal();
    const auto forwarder = forward(bed, Mode::interactive, keyboard.near, screen.far);
    const UniqueFd box_output = need(boxctl::os::duplicate(bed.box.far));
    const Writer typed(*bed.loop, keyboard.far, kMuch);
    const Writer shown(*bed.loop, box_output, kMuch);
    const Reader box(*bed.loop, bed.box.far, kMuch);
    const Reader user(*bed.loop, screen.near, kMuch);
    while (box.received < kMuch || user.received < kMuch) {
        const size_t before = box.received + user.received;
        run_until_done(bed);
        BOOST_TEST_REQUIRE(box.received + user.received > before);
    }
    BOOST_TEST(box.received == kMuch);
    BOOST_TEST(box.wrong == 0U);
    BOOST_TEST(user.received == kMuch);
    BOOST_TEST(user.wrong == 0U);
    BOOST_TEST(!is_nonblocking(keyboard.near));
}

BOOST_AUTO_TEST_CASE(regular_files_serve_as_input_and_output) {
    const Bed bed;
    const UniqueFd input = make_file();
    const UniqueFd output = make_file();
    put(output, "kept|");
    put(input, "skipped|typed");
    BOOST_REQUIRE_EQUAL(lseek(input.get(), 8, SEEK_SET), 8);
    const auto forwarder = forward(bed, Mode::interactive, input, output);
    put(bed.box.far, "shown");
    bed.run_for(20000);
    BOOST_TEST(read_now(bed.box.far) == "typed\004");
    BOOST_REQUIRE_EQUAL(lseek(output.get(), 0, SEEK_SET), 0);
    BOOST_TEST(read_now(output) == "kept|shown");
}

BOOST_AUTO_TEST_CASE(slow_reader_makes_the_box_wait_in_bounded_memory) {
    const Bed bed;
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
    const Writer writer(*bed.loop, bed.box.far, kMuch);
    bed.run_for(100000);
    const size_t stuck = writer.written;
    BOOST_TEST(stuck < 512U << 10U);  // ring, pipe and the kernel's terminal buffers
    const uint64_t wakeups = bed.loop->wakeups();
    const uint64_t cpu = cpu_us();
    bed.run_for(300000);
    BOOST_TEST(writer.written == stuck);
    BOOST_TEST(bed.loop->wakeups() - wakeups <= 2U);
    BOOST_TEST(cpu_us() - cpu < 30000U);
    const Reader reader(*bed.loop, screen.near, kMuch);
    run_until_done(bed);
    BOOST_TEST(reader.received == kMuch);
    BOOST_TEST(reader.wrong == 0U);
}

BOOST_AUTO_TEST_CASE(box_that_does_not_read_makes_the_typist_wait) {
    const Bed bed;
    const Pair keyboard = make_pipe();
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::interactive, keyboard.near, screen.far);
    const Writer writer(*bed.loop, keyboard.far, kMuch);
    bed.run_for(100000);
    const size_t stuck = writer.written;
    BOOST_TEST(stuck < 512U << 10U);
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups <= 2U);
    const Reader reader(*bed.loop, bed.box.far, kMuch);
    run_until_done(bed);
    BOOST_TEST(reader.received == kMuch);
    BOOST_TEST(reader.wrong == 0U);
}

BOOST_AUTO_TEST_CASE(box_without_an_open_terminal_costs_nothing_and_may_come_back) {
    Bed bed;
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
    for (int round = 0; round < 3; round++) {
        put(bed.box.far, "before");
        bed.box.far.reset();
        bed.run_for(20000);
        BOOST_TEST(read_now(screen.near) == "before");
        const uint64_t wakeups = bed.loop->wakeups();
        const uint64_t cpu = cpu_us();
        bed.run_for(300000);
        BOOST_TEST(bed.loop->wakeups() - wakeups == 1U);  // the end of run_for itself
        BOOST_TEST(cpu_us() - cpu < 20000U);
        bed.box.far.reset(ioctl(bed.box.near.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
        BOOST_REQUIRE(bed.box.far.valid());
        put(bed.box.far, "after");
        bed.run_for(20000);
        BOOST_TEST(read_now(screen.near) == "after");
    }
}

BOOST_AUTO_TEST_CASE(typing_without_an_open_terminal_does_not_spin) {
    Bed bed;
    const Pair user = make_terminal();
    const auto forwarder = forward(bed, Mode::interactive, user.far, user.far);
    bed.box.far.reset();
    bed.run_for(20000);
    const Writer writer(*bed.loop, user.near, kMuch);
    bed.run_for(100000);
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups <= 2U);
}

BOOST_AUTO_TEST_CASE(hangup_while_the_reader_is_slow_does_not_spin_and_loses_nothing) {
    Bed bed;
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
    size_t total = 0;
    {
        const Writer writer(*bed.loop, bed.box.far, kMuch);
        bed.run_for(100000);
        total = writer.written;
    }
    bed.box.far.reset();
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups <= 2U);
    const Reader reader(*bed.loop, screen.near, total);
    run_until_done(bed);
    BOOST_TEST(reader.received == total);
    BOOST_TEST(reader.wrong == 0U);
}

BOOST_AUTO_TEST_CASE(hangup_with_both_ways_full_does_not_spin_and_loses_no_output) {
    Bed bed;
    const Pair keyboard = make_pipe();
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::interactive, keyboard.near, screen.far);
    const Writer typed(*bed.loop, keyboard.far, kMuch);
    bed.run_for(50000);
    // Just as much as pipe and forwarder hold: nothing is left in the terminal.
    const size_t total = (64U << 10U) + (64U << 10U);
    {
        const Writer shown(*bed.loop, bed.box.far, total);
        bed.run_for(100000);
        BOOST_TEST_REQUIRE(shown.written == total);
    }
    bed.box.far.reset();
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups <= 3U);
    const Reader reader(*bed.loop, screen.near, total);
    run_until_done(bed);
    BOOST_TEST(reader.received == total);
    BOOST_TEST(reader.wrong == 0U);
}

BOOST_AUTO_TEST_CASE(end_of_piped_input_is_one_end_of_file_key) {
    const Bed bed;
    Pair keyboard = make_pipe();
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::interactive, keyboard.near, screen.far);
    put(keyboard.far, "exit");
    keyboard.far.reset();
    bed.run_for(20000);
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups == 1U);
    BOOST_TEST(read_now(bed.box.far) == "exit\004");
    put(bed.box.far, "bye");
    bed.run_for(20000);
    BOOST_TEST(read_now(screen.near) == "bye");
}

BOOST_AUTO_TEST_CASE(input_from_dev_null_does_not_spin) {
    const Bed bed;
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto forwarder = forward(bed, Mode::interactive, null, null);
    put(bed.box.far, "to nowhere");
    bed.run_for(20000);
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups == 1U);
    BOOST_TEST(read_now(bed.box.far) == "\004");
}

BOOST_AUTO_TEST_CASE(terminal_that_vanishes_types_nothing) {
    const Bed bed;
    Pair user = make_terminal();
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::interactive, user.far, screen.far);
    user.near.reset();
    bed.run_for(20000);
    const uint64_t wakeups = bed.loop->wakeups();
    bed.run_for(200000);
    BOOST_TEST(bed.loop->wakeups() - wakeups == 1U);
    BOOST_TEST(read_now(bed.box.far).empty());
}

BOOST_AUTO_TEST_CASE(passive_console_never_blocks_the_box_and_keeps_the_latest) {
    const Bed bed;
    const auto forwarder = forward(bed, Mode::passive, BorrowedFd(-1), BorrowedFd(-1));
    const Writer writer(*bed.loop, bed.box.far, kMuch, [&] { bed.loop->exit(0); });
    run_until_done(bed);
    BOOST_TEST_REQUIRE(writer.written == kMuch);
    bed.run_for(20000);
    const std::string kept = text_of(*forwarder);
    BOOST_TEST_REQUIRE(kept.size() == kHistorySize);
    size_t wrong = 0;
    for (size_t i = 0; i < kept.size(); i++)
        wrong += kept[i] != pattern(kMuch - kHistorySize + i);
    BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(lost_output_is_reported_and_the_box_goes_on) {
    const Bed bed;
    Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
    screen.near.reset();
    put(bed.box.far, "nobody reads this");
    bed.run_for(20000);
    BOOST_TEST_REQUIRE(forwarder->failure().has_value());
    BOOST_TEST(forwarder->failure()->code() == EPIPE);
    BOOST_TEST(text_of(*forwarder) == "nobody reads this");
    const Writer writer(*bed.loop, bed.box.far, kMuch, [&] { bed.loop->exit(0); });
    run_until_done(bed);
    BOOST_TEST(writer.written == kMuch);
}

BOOST_AUTO_TEST_CASE(full_disk_is_reported) {
    const Bed bed;
    const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), full);
    put(bed.box.far, "x");
    bed.run_for(20000);
    BOOST_TEST_REQUIRE(forwarder->failure().has_value());
    BOOST_TEST(forwarder->failure()->code() == ENOSPC);
}

BOOST_AUTO_TEST_CASE(drain_delivers_the_last_bytes_of_an_ended_box) {
    for (const bool to_terminal : {true, false}) {
        Bed bed;
        const Pair screen = to_terminal ? make_terminal() : make_sockets();
        const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
        put(bed.box.far, "last\nwords\n");
        bed.box.far.reset();
        BOOST_TEST(forwarder->drain());
        BOOST_TEST(read_now(screen.near) == "last\nwords\n");
        BOOST_TEST(forwarder->drain());  // once more is no harm
        BOOST_TEST(read_now(screen.near).empty());
    }
}

BOOST_AUTO_TEST_CASE(drain_takes_all_that_the_kernel_held) {
    Bed bed;
    const UniqueFd file = make_file();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), file);
    make_nonblocking(bed.box.far);
    std::string text(1000, 'y');
    size_t total = 0;
    for (ssize_t n = 0; (n = write(bed.box.far.get(), text.data(), text.size())) > 0;) {
        total += static_cast<size_t>(n);
    }
    bed.box.far.reset();
    BOOST_TEST(total > 0U);
    BOOST_TEST(forwarder->drain());
    struct stat status = {};
    BOOST_REQUIRE_EQUAL(fstat(file.get(), &status), 0);
    BOOST_TEST(static_cast<size_t>(status.st_size) == total);
}

BOOST_AUTO_TEST_CASE(drain_gives_up_at_its_deadline) {
    Bed bed;
    const Pair screen = make_pipe();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
    put(bed.box.far, "x");
    uint64_t start = now_us();
    BOOST_TEST(!forwarder->drain(50000));  // somebody has the terminal open still
    BOOST_TEST(now_us() - start >= 50000U);
    BOOST_TEST(now_us() - start < 500000U);
    BOOST_TEST(read_now(screen.near) == "x");
    {
        const Writer writer(*bed.loop, bed.box.far, kMuch);
        bed.run_for(100000);
    }
    bed.box.far.reset();
    start = now_us();
    const uint64_t cpu = cpu_us();
    BOOST_TEST(!forwarder->drain(50000));  // nobody reads
    BOOST_TEST(now_us() - start >= 50000U);
    BOOST_TEST(cpu_us() - cpu < 25000U);
}

BOOST_AUTO_TEST_CASE(tee_sees_every_byte_once) {
    for (const Mode mode : {Mode::read_only, Mode::passive}) {
        const Bed bed;
        const Pair screen = make_pipe();
        std::string seen;
        const auto forwarder = need(Forwarder::create(
                *bed.loop,
                {mode,
                 bed.box.near,
                 BorrowedFd(-1),
                 screen.far,
                 {},
                 [&](std::span<const char> data) { seen.append(data.begin(), data.end()); }}));
        put(bed.box.far, "one ");
        bed.run_for(10000);
        put(bed.box.far, "two");
        bed.run_for(10000);
        BOOST_TEST(seen == "one two");
    }
}

BOOST_AUTO_TEST_CASE(window_size_follows_the_callers_terminal) {
    const Bed bed;
    const Pair user = make_terminal();
    const winsize first = {40, 132, 0, 0};
    const winsize second = {25, 80, 1, 2};
    need(boxctl::os::set_window_size(user.near, first));
    const auto forwarder = forward(bed, Mode::interactive, user.far, user.far);
    BOOST_TEST(need(boxctl::os::window_size(bed.box.far)).ws_col == 132);
    need(boxctl::os::set_window_size(user.near, second));
    need(forwarder->resize());
    BOOST_TEST(need(boxctl::os::window_size(bed.box.far)).ws_row == 25);
    BOOST_TEST(need(boxctl::os::window_size(bed.box.far)).ws_ypixel == 2);
}

BOOST_AUTO_TEST_CASE(resize_without_a_terminal_changes_nothing) {
    const Bed bed;
    const Pair screen = make_pipe();
    need(boxctl::os::set_window_size(bed.box.near, {11, 22, 0, 0}));
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.far);
    need(forwarder->resize());
    BOOST_TEST(need(boxctl::os::window_size(bed.box.far)).ws_row == 11);
}

BOOST_AUTO_TEST_CASE(escape_keys_call_back_and_other_keys_reach_the_box) {
    const struct {
        const char* typed;
        const char* reaches_box;
        std::optional<Escape> escape;
    } rows[] = {
            {"\035\035\035", "", Escape::kill},
            {"a\035\035pb", "ab", Escape::poweroff},
            {"\035\035r", "", Escape::reboot},
            {"\035\035x", "\035\035x", {}},
            {"\035p", "\035p", {}},
            {"\035x\035\035\035", "\035x", Escape::kill},
    };
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT("box gets '" << row.reaches_box << "'") {
            const Bed bed;
            const Pair user = make_terminal();
            std::optional<Escape> escape;
            const auto forwarder =
                    need(Forwarder::create(*bed.loop, {Mode::interactive,
                                                       bed.box.near,
                                                       user.far,
                                                       user.far,
                                                       [&](Escape asked) { escape = asked; },
                                                       {}}));
            put(user.near, row.typed);
            bed.run_for(20000);
            BOOST_TEST(read_now(bed.box.far) == row.reaches_box);
            BOOST_TEST((escape == row.escape));
        }
    }
}

BOOST_AUTO_TEST_CASE(escape_keys_that_come_too_late_reach_the_box) {
    const Bed bed;
    const Pair user = make_terminal();
    int escapes = 0;
    const auto forwarder = need(Forwarder::create(
            *bed.loop,
            {Mode::interactive, bed.box.near, user.far, user.far, [&](Escape) { escapes++; }, {}}));
    put(user.near, "\035\035");
    bed.run_for(kEscapeWindow - 200000);
    BOOST_TEST(read_now(bed.box.far).empty());
    bed.run_for(300000);
    BOOST_TEST(read_now(bed.box.far) == "\035\035");
    put(user.near, "\035");
    bed.run_for(kEscapeWindow + 100000);
    BOOST_TEST(read_now(bed.box.far) == "\035");
    BOOST_TEST(escapes == 0);
}

BOOST_AUTO_TEST_CASE(piped_input_has_no_escape_keys) {
    const Bed bed;
    const Pair keyboard = make_pipe();
    const Pair screen = make_pipe();
    int escapes = 0;
    const auto forwarder = need(Forwarder::create(*bed.loop, {Mode::interactive,
                                                              bed.box.near,
                                                              keyboard.near,
                                                              screen.far,
                                                              [&](Escape) { escapes++; },
                                                              {}}));
    put(keyboard.far, "\035\035\035");
    bed.run_for(20000);
    BOOST_TEST(read_now(bed.box.far) == "\035\035\035");
    BOOST_TEST(escapes == 0);
}

BOOST_AUTO_TEST_CASE(one_socket_serves_as_input_and_output) {
    const Bed bed;
    const Pair peer = make_sockets();
    const auto forwarder = forward(bed, Mode::interactive, peer.far, peer.far);
    put(peer.near, "in");
    put(bed.box.far, "out");
    bed.run_for(20000);
    BOOST_TEST(read_now(bed.box.far) == "in");
    BOOST_TEST(read_now(peer.near) == "out");
    BOOST_TEST(!is_nonblocking(peer.far));
}

// Where a pty master is the caller's terminal, opening it anew would make another terminal.
BOOST_AUTO_TEST_CASE(shared_description_is_written_in_pieces) {
    const Bed bed;
    const Pair screen = make_terminal();
    const auto forwarder = forward(bed, Mode::read_only, BorrowedFd(-1), screen.near);
    const Writer writer(*bed.loop, bed.box.far, kMuch / 8);
    const Reader reader(*bed.loop, screen.far, kMuch / 8);
    run_until_done(bed);
    BOOST_TEST(reader.received == kMuch / 8);
    BOOST_TEST(reader.wrong == 0U);
    BOOST_TEST(!is_nonblocking(screen.near));
}
