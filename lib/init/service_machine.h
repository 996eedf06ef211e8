// SPDX-License-Identifier: LGPL-2.1-or-later
// The life of one service, as a table: state x event -> next state and act.
//
//   off --want--> waiting --needs met--> starting --ready--> up --main ended--> killing
//    ^                                      |                 |                    |
//    |                                      +---- stop ----> stopping --ended-->   |
//    +-------------------- gone: off, finished, failed, or delayed, then again ----+
//
// Pure: no clock, no system call. What only policy can tell (is it started again?) comes as one of
// four "gone" events, chosen by after_end() in policy.h. Every cell is written down.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace boxctl::init {

enum class ServiceState : uint8_t {
    off,       ///< not wanted
    waiting,   ///< wanted; what it needs is not ready yet
    starting,  ///< runs, not ready yet
    up,        ///< ready
    stopping,  ///< asked to end, has its grace time
    killing,   ///< SIGKILL went to what is left of it
    delayed,   ///< will be started again after a pause
    finished,  ///< ended well, and is not started again: for a oneshot this is "ready"
    failed,    ///< given up
};
constexpr size_t kServiceStates = 9;

enum class ServiceEvent : uint8_t {
    want,           ///< start it: with the box, or asked for
    unwant,         ///< stop it
    renew,          ///< stop it and start it again
    needs_met,      ///< all it waits for is ready
    needs_failed,   ///< something it requires has failed or was stopped
    launch_failed,  ///< no process could be made of it
    ready,          ///< it works
    main_ended,     ///< its main process ended
    unhealthy,      ///< the health check failed as often as it may
    deadline,       ///< the time of the state is over
    gone_off,       ///< nothing of it is left, and it is not wanted
    gone_again,     ///< nothing is left, and it is to be started again
    gone_finished,  ///< nothing is left; it has done what it was for
    gone_failed,    ///< nothing is left; it is given up
};
constexpr size_t kServiceEvents = 14;

enum class ServiceAct : uint8_t {
    none,
    launch,       ///< start its process; sets the time for becoming ready
    announce,     ///< it is ready: others may go on, the health check begins
    ask_stop,     ///< stop command or signal, and the grace time; not to be started again
    ask_renew,    ///< the same, to be started again
    ask_failed,   ///< the same, as a failure: policy decides whether it is started again
    kill_rest,    ///< SIGKILL to everything of it
    kill_failed,  ///< the same, as a failure
    note_again,   ///< start again when it is gone
    note_off,     ///< do not start again when it is gone
    pause,        ///< set the time of the next start
    settle,       ///< tell those that wait for it how it ended
};
constexpr size_t kServiceActs = 12;

struct ServiceCell {
    ServiceState next;
    ServiceAct act;
    bool operator==(const ServiceCell&) const = default;
};

ServiceCell service_transition(ServiceState state, ServiceEvent event);

const char* to_string(ServiceState state);

/// Whether a process of the service can exist in `state`.
bool has_processes(ServiceState state);

/// Whether the state lasts until somebody asks for something.
bool is_settled(ServiceState state);

}  // namespace boxctl::init
