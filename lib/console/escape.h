// SPDX-License-Identifier: LGPL-2.1-or-later
// Escape keys of an attached console: Ctrl-] Ctrl-] and then Ctrl-] (kill), p (power off) or r
// (reboot), all within kEscapeWindow. Whatever turns out not to be an escape goes on to the box.
#pragma once

#include <cstdint>
#include <optional>

namespace boxctl::console {

enum class Escape { kill, poweroff, reboot };

inline constexpr char kEscapeKey = 0x1d;              ///< Ctrl-]
inline constexpr uint64_t kEscapeWindow = 1'000'000;  ///< µs, from the first Ctrl-]

class EscapeFilter {
 public:
    enum class State : uint8_t { idle, one, two };  ///< how many Ctrl-] are held back
    enum class Input : uint8_t { prefix, p, r, other, timeout };
    struct Step {
        State next = State::idle;
        unsigned replay = 0;  ///< so many held Ctrl-] go to the box first
        bool pass = false;    ///< then this byte
        std::optional<Escape> escape;
    };
    /// How many bytes can be held back at most.
    static constexpr unsigned kMaxHeld = 2;

    /// The table: what `input` does in `state`.
    static const Step& step(State state, Input input);

    const Step& feed(char byte);
    /// kEscapeWindow is over.
    const Step& expire();
    /// True while keys are held back: the owner's timer runs.
    [[nodiscard]] bool holding() const { return state_ != State::idle; }
    /// How many keys are held back.
    [[nodiscard]] unsigned held() const { return static_cast<unsigned>(state_); }

 private:
    State state_ = State::idle;
};

}  // namespace boxctl::console
