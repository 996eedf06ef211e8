// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/terminal_guard.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/event/signal_mask.h"

namespace boxctl::console {
namespace {

// ECMA-48 and xterm's ctlseqs. Not here: 1049 and a bare RIS, which would move the cursor to where
// the terminal was long ago, or clear what the user wants to read.
constexpr std::string_view kReset =
        "\033\\"            // ends a string (title, clipboard) that was never ended
        "\017\033(B"        // plain character set
        "\0337\033[r\0338"  // whole screen scrolls; the cursor stays
        "\033[0m\033[?25h"  // plain colours, visible cursor
        "\033[?1047l"       // main screen
        "\033[4l\033[?7h"   // no insert mode, wrap at the margin
        "\033[?1l\033>"     // cursor keys and keypad as usual
        "\033[?1000;1002;1003;1004;1006;1015l"  // no reports of mouse and focus
        "\033[?2004l";                          // no bracketed paste

Result<void> write_reset(os::BorrowedFd screen) {
    struct pollfd ready = {screen.get(), POLLOUT, 0};
    if (poll(&ready, 1, 0) < 0) return errno_error("reset the terminal");
    if ((ready.revents & POLLOUT) == 0) return Error(EAGAIN, "reset the terminal");
    if (write(screen.get(), kReset.data(), kReset.size()) < 0) {
        return errno_error("reset the terminal");
    }
    return {};
}

}  // namespace

Result<TerminalGuard> TerminalGuard::raw(os::BorrowedFd input, os::BorrowedFd output,
                                         std::string_view term) {
    TerminalGuard guard;
    // Input before output, and restored in reverse: so it does not matter whether both are one
    // terminal, which cannot be told reliably (/dev/tty and /dev/pts/N look like two).
    BOX_TRY(guard.set_raw(input, false));
    BOX_TRY(guard.set_raw(output, true));
    if (isatty(output.get()) == 1 && !term.empty() && term != "dumb") {
        guard.screen_ = BOX_TRY(os::duplicate(output));
    }
    if (guard.active()) {
        std::vector<int> keep;
        for (const Saved& saved : guard.saved_)
            keep.push_back(saved.terminal.get());
        if (guard.screen_.valid()) keep.push_back(guard.screen_.get());
        guard.watch_ = BOX_TRY(os::DeathWatch::start("boxctl-terminal", std::move(keep), [&guard] {
            (void)guard.give_back().has_value();
        }));
    }
    return guard;
}

TerminalGuard TerminalGuard::adopt(std::vector<Saved> saved, os::UniqueFd screen,
                                   os::DeathWatch watch) {
    TerminalGuard guard;
    guard.saved_ = std::move(saved);
    guard.screen_ = std::move(screen);
    guard.watch_ = std::move(watch);
    return guard;
}

Result<void> TerminalGuard::set_raw(os::BorrowedFd fd, bool output) {
    if (isatty(fd.get()) != 1) return {};
    termios state = {};
    if (tcgetattr(fd.get(), &state) < 0) return errno_error("read terminal settings");
    termios wanted = state;
    cfmakeraw(&wanted);
    if (output) {
        const tcflag_t raw_output = wanted.c_oflag;
        wanted = state;
        wanted.c_oflag = raw_output;
    } else {
        wanted.c_oflag = state.c_oflag;
    }
    os::UniqueFd copy = BOX_TRY(os::duplicate(fd));
    if (tcsetattr(fd.get(), TCSANOW, &wanted) < 0) return errno_error("change terminal settings");
    saved_.push_back({std::move(copy), state});
    return {};
}

TerminalGuard& TerminalGuard::operator=(TerminalGuard&& other) noexcept {
    if (this == &other) return *this;
    if (const auto restored = restore(); !restored) log::debug(restored.error().message());
    saved_ = std::move(other.saved_);
    screen_ = std::move(other.screen_);
    watch_ = std::move(other.watch_);
    other.saved_.clear();
    return *this;
}

TerminalGuard::~TerminalGuard() {
    if (const auto restored = restore(); !restored) log::debug(restored.error().message());
}

Result<void> TerminalGuard::restore() {
    // First, so that it cannot act on a terminal that is somebody else's again.
    watch_.stop();
    return give_back();
}

Result<void> TerminalGuard::give_back() {
    const event::SignalMask mask({SIGTTOU});
    Result<void> first;
    if (screen_.valid()) first = write_reset(screen_);
    screen_.reset();
    for (; !saved_.empty(); saved_.pop_back()) {
        const Saved& saved = saved_.back();
        if (tcsetattr(saved.terminal.get(), TCSANOW, &saved.state) < 0 && first) {
            first = errno_error("restore terminal settings");
        }
    }
    return first;
}

}  // namespace boxctl::console
