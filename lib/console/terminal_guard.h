// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>
#include <vector>

#include <termios.h>

#include "lib/os/death_watch.h"
#include "lib/os/fd.h"

namespace boxctl::console {

/// Puts the caller's terminal into raw mode, so that every key reaches the box and its output
/// arrives unchanged, and gives it back as it was: on restore(), at the latest in the destructor.
///
/// Input and output may be one terminal or two, and either may be none at all (then it is left
/// alone). Of an output terminal only the output processing is switched off, of an input terminal
/// only the rest.
///
/// Given back, the terminal also gets a short reset (unless `term`, the value of $TERM, is empty or
/// "dumb"), because a box that died in its editor leaves colours, the alternate screen, mouse
/// reports and the like behind, and because a hostile one does so on purpose (E3).
class [[nodiscard]] TerminalGuard {
 public:
    TerminalGuard() = default;
    static Result<TerminalGuard> raw(os::BorrowedFd input, os::BorrowedFd output,
                                     std::string_view term);
    TerminalGuard(const TerminalGuard&) = delete;
    TerminalGuard& operator=(const TerminalGuard&) = delete;
    TerminalGuard(TerminalGuard&& other) noexcept = default;
    TerminalGuard& operator=(TerminalGuard&& other) noexcept;
    ~TerminalGuard();

    /// Takes over from an earlier image of this program (execve(2)), which listed the parts below.
    struct Saved {
        os::UniqueFd terminal;
        termios state;
    };
    static TerminalGuard adopt(std::vector<Saved> saved, os::UniqueFd screen, os::DeathWatch watch);
    [[nodiscard]] const std::vector<Saved>& saved() const { return saved_; }
    [[nodiscard]] os::BorrowedFd screen() const { return screen_; }
    [[nodiscard]] const os::DeathWatch& watch() const { return watch_; }

    [[nodiscard]] bool active() const { return !saved_.empty(); }
    /// Does nothing the second time. Tries everything and returns the first error. Never blocks,
    /// and does not stop a background process (SIGTTOU).
    Result<void> restore();

 private:
    Result<void> set_raw(os::BorrowedFd fd, bool output);
    Result<void> give_back();

    std::vector<Saved> saved_;
    os::UniqueFd screen_;
    os::DeathWatch watch_;  ///< gives it back should we be killed
};

}  // namespace boxctl::console
