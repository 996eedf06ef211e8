// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/machine.h"

namespace boxctl::init {

namespace {

using enum State;
using A = Act;

// Rows in the order of State, columns in the order of Event.
// clang-format off
constexpr Cell kTable[kStates][kEvents] = {
    {   // starting: exec is a synchronous step, so only its two outcomes move us
        /* started         */ {running,  A::none},
        /* start_failed    */ {done,     A::none},
        /* signalled       */ {starting, A::none},
        /* resumed         */ {starting, A::none},
        /* stop_asked      */ {starting, A::none},
        /* kill_asked      */ {starting, A::none},
        /* command_stopped */ {starting, A::none},
        /* command_exited  */ {done,     A::none},
        /* others_reaped   */ {starting, A::none},
        /* deadline        */ {starting, A::none},
        /* children_gone   */ {starting, A::none},
    },
    {   // running: the command's own end is the end, as for every PID 1 of one command
        /* started         */ {running,  A::none},
        /* start_failed    */ {done,     A::none},
        /* signalled       */ {running,  A::forward},
        /* resumed         */ {running,  A::resume},
        /* stop_asked      */ {stopping, A::begin_stop},
        /* kill_asked      */ {killing,  A::kill_all},
        /* command_stopped */ {running,  A::suspend},
        /* command_exited  */ {done,     A::none},
        /* others_reaped   */ {running,  A::none},
        /* deadline        */ {running,  A::none},
        /* children_gone   */ {done,     A::none},
    },
    {   // stopping: signals still reach the command; what it leaves behind is killed
        /* started         */ {stopping, A::none},
        /* start_failed    */ {done,     A::none},
        /* signalled       */ {stopping, A::forward},
        /* resumed         */ {stopping, A::resume},
        /* stop_asked      */ {stopping, A::forward},
        /* kill_asked      */ {killing,  A::kill_all},
        /* command_stopped */ {stopping, A::wake},
        /* command_exited  */ {killing,  A::kill_all},
        /* others_reaped   */ {stopping, A::none},
        /* deadline        */ {killing,  A::kill_all},
        /* children_gone   */ {done,     A::none},
    },
    {   // killing: each reaped process may have handed us children that nobody killed yet
        /* started         */ {killing,  A::none},
        /* start_failed    */ {done,     A::none},
        /* signalled       */ {killing,  A::none},
        /* resumed         */ {killing,  A::none},
        /* stop_asked      */ {killing,  A::none},
        /* kill_asked      */ {killing,  A::none},
        /* command_stopped */ {killing,  A::none},
        /* command_exited  */ {killing,  A::kill_all},
        /* others_reaped   */ {killing,  A::kill_all},
        /* deadline        */ {done,     A::none},
        /* children_gone   */ {done,     A::none},
    },
    {   // done: for ever
        /* started         */ {done,     A::none},
        /* start_failed    */ {done,     A::none},
        /* signalled       */ {done,     A::none},
        /* resumed         */ {done,     A::none},
        /* stop_asked      */ {done,     A::none},
        /* kill_asked      */ {done,     A::none},
        /* command_stopped */ {done,     A::none},
        /* command_exited  */ {done,     A::none},
        /* others_reaped   */ {done,     A::none},
        /* deadline        */ {done,     A::none},
        /* children_gone   */ {done,     A::none},
    },
};
// clang-format on

constexpr const char* kStateNames[kStates] = {"starting", "running", "stopping", "killing", "done"};

static_assert(static_cast<size_t>(State::done) + 1 == kStates);
static_assert(static_cast<size_t>(Event::children_gone) + 1 == kEvents);

}  // namespace

Cell transition(State state, Event event) {
    return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

const char* to_string(State state) {
    return kStateNames[static_cast<size_t>(state)];
}

}  // namespace boxctl::init
