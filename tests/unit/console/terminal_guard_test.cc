// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/terminal_guard.h"

#include <cstring>

#include "tests/unit/console/support.h"

using boxctl::console::TerminalGuard;
using namespace console_test;

namespace {

termios state_of(const UniqueFd& fd) {
    termios state = {};
    BOOST_REQUIRE_EQUAL(tcgetattr(fd.get(), &state), 0);
    return state;
}

bool equal(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
           a.c_lflag == b.c_lflag && std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0;
}

/// A terminal as a shell has it.
Pair cooked_terminal() {
    int master = -1;
    int slave = -1;
    BOOST_REQUIRE_EQUAL(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    return {UniqueFd(master), UniqueFd(slave)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(guard_makes_raw_and_restores_in_its_destructor) {
    const Pair tty = cooked_terminal();
    const termios before = state_of(tty.far);
    {
        const TerminalGuard guard = need(TerminalGuard::raw(tty.far, tty.far, "xterm"));
        termios raw = before;
        cfmakeraw(&raw);
        BOOST_TEST(guard.active());
        BOOST_TEST(equal(state_of(tty.far), raw));
        BOOST_TEST(!equal(before, raw));
    }
    BOOST_TEST(equal(state_of(tty.far), before));
}

BOOST_AUTO_TEST_CASE(restore_acts_once_even_after_a_move) {
    const Pair tty = cooked_terminal();
    const termios before = state_of(tty.far);
    TerminalGuard first = need(TerminalGuard::raw(tty.far, tty.far, "xterm"));
    TerminalGuard second = std::move(first);
    BOOST_TEST(second.active());
    need(second.restore());
    BOOST_TEST(!second.active());
    BOOST_TEST(equal(state_of(tty.far), before));
    termios changed = before;
    changed.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    BOOST_REQUIRE_EQUAL(tcsetattr(tty.far.get(), TCSANOW, &changed), 0);
    need(second.restore());
    first = TerminalGuard();
    second = TerminalGuard();
    BOOST_TEST(equal(state_of(tty.far), changed));
}

BOOST_AUTO_TEST_CASE(assignment_restores_what_was_held) {
    const Pair a = cooked_terminal();
    const Pair b = cooked_terminal();
    const termios before = state_of(a.far);
    TerminalGuard guard = need(TerminalGuard::raw(a.far, a.far, ""));
    guard = need(TerminalGuard::raw(b.far, b.far, ""));
    BOOST_TEST(equal(state_of(a.far), before));
    BOOST_TEST(!equal(state_of(b.far), before));
}

BOOST_AUTO_TEST_CASE(two_terminals_get_one_half_each) {
    const Pair in = cooked_terminal();
    const Pair out = cooked_terminal();
    const termios before = state_of(in.far);
    TerminalGuard guard = need(TerminalGuard::raw(in.far, out.far, ""));
    BOOST_TEST((state_of(in.far).c_lflag & ICANON) == 0U);
    BOOST_TEST((state_of(in.far).c_oflag & OPOST) != 0U);
    BOOST_TEST((state_of(out.far).c_lflag & ICANON) != 0U);
    BOOST_TEST((state_of(out.far).c_oflag & OPOST) == 0U);
    need(guard.restore());
    BOOST_TEST(equal(state_of(in.far), before));
    BOOST_TEST(equal(state_of(out.far), before));
}

BOOST_AUTO_TEST_CASE(reset_is_written_to_a_capable_terminal_only) {
    for (const char* term : {"xterm", "linux", "dumb", ""}) {
        BOOST_TEST_CONTEXT("TERM=" << term) {
            const Pair tty = cooked_terminal();
            TerminalGuard guard = need(TerminalGuard::raw(tty.far, tty.far, term));
            need(guard.restore());
            const std::string screen = read_now(tty.near);
            const bool capable = *term == 'x' || *term == 'l';
            BOOST_TEST(screen.empty() == !capable);
            for (const char* part : {"\033[0m", "\033[?25h", "\033[?1047l", "\033[?2004l"}) {
                BOOST_TEST((screen.find(part) != std::string::npos) == capable);
            }
            need(guard.restore());
            BOOST_TEST(read_now(tty.near).empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_terminal_is_left_alone) {
    const Pair pipe = make_pipe();
    TerminalGuard guard = need(TerminalGuard::raw(pipe.near, pipe.far, "xterm"));
    BOOST_TEST(!guard.active());
    need(guard.restore());
    BOOST_TEST(read_now(pipe.near).empty());
}

BOOST_AUTO_TEST_CASE(restore_of_a_terminal_that_is_gone_says_so) {
    Pair tty = cooked_terminal();
    TerminalGuard guard = need(TerminalGuard::raw(tty.far, tty.far, ""));
    tty.near.reset();
    const auto restored = guard.restore();
    BOOST_REQUIRE(!restored);
    BOOST_TEST(restored.error().code() == EIO);
    BOOST_TEST(!guard.active());
}
