// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/escape.h"

#include <array>
#include <cstddef>

namespace boxctl::console {
namespace {

using State = EscapeFilter::State;
using Input = EscapeFilter::Input;
using Step = EscapeFilter::Step;

constexpr Step kHoldOne{State::one, 0, false, {}};
constexpr Step kHoldTwo{State::two, 0, false, {}};
constexpr Step kNothing{State::idle, 0, false, {}};

constexpr Step pass_after(unsigned held) {
    return {State::idle, held, true, {}};
}
constexpr Step give_up(unsigned held) {
    return {State::idle, held, false, {}};
}
constexpr Step ask(Escape escape) {
    return {State::idle, 0, false, escape};
}

// clang-format off
constexpr std::array<std::array<Step, 5>, 3> kTable{{
    // prefix             p                      r                    other          timeout
    {{kHoldOne,           pass_after(0),         pass_after(0),       pass_after(0), kNothing}},
    {{kHoldTwo,           pass_after(1),         pass_after(1),       pass_after(1), give_up(1)}},
    {{ask(Escape::kill),  ask(Escape::poweroff), ask(Escape::reboot), pass_after(2), give_up(2)}},
}};
// clang-format on

Input classify(char byte) {
    switch (byte) {
        case kEscapeKey:
            return Input::prefix;
        case 'p':
            return Input::p;
        case 'r':
            return Input::r;
        default:
            return Input::other;
    }
}

}  // namespace

const Step& EscapeFilter::step(State state, Input input) {
    return kTable[static_cast<size_t>(state)][static_cast<size_t>(input)];
}

const Step& EscapeFilter::feed(char byte) {
    const Step& taken = step(state_, classify(byte));
    state_ = taken.next;
    return taken;
}

const Step& EscapeFilter::expire() {
    const Step& taken = step(state_, Input::timeout);
    state_ = taken.next;
    return taken;
}

}  // namespace boxctl::console
