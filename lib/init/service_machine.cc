// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/service_machine.h"

namespace boxctl::init {

namespace {

using enum ServiceState;
using A = ServiceAct;

// Rows in the order of ServiceState, columns in the order of ServiceEvent.
// clang-format off
constexpr ServiceCell kTable[kServiceStates][kServiceEvents] = {
    {   // off: for ever, unless somebody wants it
        /* want          */ {waiting,  A::none},
        /* unwant        */ {off,      A::none},
        /* renew         */ {waiting,  A::none},
        /* needs_met     */ {off,      A::none},
        /* needs_failed  */ {off,      A::none},
        /* launch_failed */ {off,      A::none},
        /* ready         */ {off,      A::none},
        /* main_ended    */ {off,      A::none},
        /* unhealthy     */ {off,      A::none},
        /* deadline      */ {off,      A::none},
        /* gone_off      */ {off,      A::none},
        /* gone_again    */ {off,      A::none},
        /* gone_finished */ {off,      A::none},
        /* gone_failed   */ {off,      A::none},
    },
    {   // waiting: has no process, so a stop is immediate
        /* want          */ {waiting,  A::none},
        /* unwant        */ {off,      A::settle},
        /* renew         */ {waiting,  A::none},
        /* needs_met     */ {starting, A::launch},
        /* needs_failed  */ {failed,   A::settle},
        /* launch_failed */ {waiting,  A::none},
        /* ready         */ {waiting,  A::none},
        /* main_ended    */ {waiting,  A::none},
        /* unhealthy     */ {waiting,  A::none},
        /* deadline      */ {waiting,  A::none},
        /* gone_off      */ {waiting,  A::none},
        /* gone_again    */ {waiting,  A::none},
        /* gone_finished */ {waiting,  A::none},
        /* gone_failed   */ {waiting,  A::none},
    },
    {   // starting: can be stopped at any time; one that takes too long is a failure
        /* want          */ {starting, A::none},
        /* unwant        */ {stopping, A::ask_stop},
        /* renew         */ {stopping, A::ask_renew},
        /* needs_met     */ {starting, A::none},
        /* needs_failed  */ {starting, A::none},
        /* launch_failed */ {killing,  A::kill_failed},
        /* ready         */ {up,       A::announce},
        /* main_ended    */ {killing,  A::kill_rest},
        /* unhealthy     */ {starting, A::none},
        /* deadline      */ {stopping, A::ask_failed},
        /* gone_off      */ {starting, A::none},
        /* gone_again    */ {starting, A::none},
        /* gone_finished */ {starting, A::none},
        /* gone_failed   */ {starting, A::none},
    },
    {   // up: what its main process leaves behind ends with it
        /* want          */ {up,       A::none},
        /* unwant        */ {stopping, A::ask_stop},
        /* renew         */ {stopping, A::ask_renew},
        /* needs_met     */ {up,       A::none},
        /* needs_failed  */ {up,       A::none},
        /* launch_failed */ {up,       A::none},
        /* ready         */ {up,       A::none},
        /* main_ended    */ {killing,  A::kill_rest},
        /* unhealthy     */ {stopping, A::ask_failed},
        /* deadline      */ {up,       A::none},
        /* gone_off      */ {up,       A::none},
        /* gone_again    */ {up,       A::none},
        /* gone_finished */ {up,       A::none},
        /* gone_failed   */ {up,       A::none},
    },
    {   // stopping: the last wish counts when it is gone
        /* want          */ {stopping, A::note_again},
        /* unwant        */ {stopping, A::note_off},
        /* renew         */ {stopping, A::note_again},
        /* needs_met     */ {stopping, A::none},
        /* needs_failed  */ {stopping, A::none},
        /* launch_failed */ {stopping, A::none},
        /* ready         */ {stopping, A::none},
        /* main_ended    */ {killing,  A::kill_rest},
        /* unhealthy     */ {stopping, A::none},
        /* deadline      */ {killing,  A::kill_rest},
        /* gone_off      */ {stopping, A::none},
        /* gone_again    */ {stopping, A::none},
        /* gone_finished */ {stopping, A::none},
        /* gone_failed   */ {stopping, A::none},
    },
    {   // killing: what forked meanwhile is killed again, until nothing is left
        /* want          */ {killing,  A::note_again},
        /* unwant        */ {killing,  A::note_off},
        /* renew         */ {killing,  A::note_again},
        /* needs_met     */ {killing,  A::none},
        /* needs_failed  */ {killing,  A::none},
        /* launch_failed */ {killing,  A::none},
        /* ready         */ {killing,  A::none},
        /* main_ended    */ {killing,  A::kill_rest},
        /* unhealthy     */ {killing,  A::none},
        /* deadline      */ {killing,  A::kill_rest},
        /* gone_off      */ {off,      A::settle},
        /* gone_again    */ {delayed,  A::pause},
        /* gone_finished */ {finished, A::settle},
        /* gone_failed   */ {failed,   A::settle},
    },
    {   // delayed: whoever asks for it now need not wait
        /* want          */ {waiting,  A::none},
        /* unwant        */ {off,      A::settle},
        /* renew         */ {waiting,  A::none},
        /* needs_met     */ {delayed,  A::none},
        /* needs_failed  */ {delayed,  A::none},
        /* launch_failed */ {delayed,  A::none},
        /* ready         */ {delayed,  A::none},
        /* main_ended    */ {delayed,  A::none},
        /* unhealthy     */ {delayed,  A::none},
        /* deadline      */ {waiting,  A::none},
        /* gone_off      */ {delayed,  A::none},
        /* gone_again    */ {delayed,  A::none},
        /* gone_finished */ {delayed,  A::none},
        /* gone_failed   */ {delayed,  A::none},
    },
    {   // finished: a periodic one has a deadline, its next time
        /* want          */ {waiting,  A::none},
        /* unwant        */ {off,      A::settle},
        /* renew         */ {waiting,  A::none},
        /* needs_met     */ {finished, A::none},
        /* needs_failed  */ {finished, A::none},
        /* launch_failed */ {finished, A::none},
        /* ready         */ {finished, A::none},
        /* main_ended    */ {finished, A::none},
        /* unhealthy     */ {finished, A::none},
        /* deadline      */ {waiting,  A::none},
        /* gone_off      */ {finished, A::none},
        /* gone_again    */ {finished, A::none},
        /* gone_finished */ {finished, A::none},
        /* gone_failed   */ {finished, A::none},
    },
    {   // failed: a wish gives it another chance, and so does the next time of a periodic one
        /* want          */ {waiting,  A::none},
        /* unwant        */ {off,      A::settle},
        /* renew         */ {waiting,  A::none},
        /* needs_met     */ {failed,   A::none},
        /* needs_failed  */ {failed,   A::none},
        /* launch_failed */ {failed,   A::none},
        /* ready         */ {failed,   A::none},
        /* main_ended    */ {failed,   A::none},
        /* unhealthy     */ {failed,   A::none},
        /* deadline      */ {waiting,  A::none},
        /* gone_off      */ {failed,   A::none},
        /* gone_again    */ {failed,   A::none},
        /* gone_finished */ {failed,   A::none},
        /* gone_failed   */ {failed,   A::none},
    },
};
// clang-format on

constexpr const char* kNames[kServiceStates] = {
        "off", "waiting", "starting", "up", "stopping", "killing", "delayed", "finished", "failed"};

static_assert(static_cast<size_t>(ServiceState::failed) + 1 == kServiceStates);
static_assert(static_cast<size_t>(ServiceEvent::gone_failed) + 1 == kServiceEvents);
static_assert(static_cast<size_t>(ServiceAct::settle) + 1 == kServiceActs);

}  // namespace

ServiceCell service_transition(ServiceState state, ServiceEvent event) {
    return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

const char* to_string(ServiceState state) {
    return kNames[static_cast<size_t>(state)];
}

bool has_processes(ServiceState state) {
    return state == starting || state == up || state == stopping || state == killing;
}

bool is_settled(ServiceState state) {
    return state == off || state == finished || state == failed;
}

}  // namespace boxctl::init
