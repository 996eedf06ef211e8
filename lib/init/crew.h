// SPDX-License-Identifier: LGPL-2.1-or-later
// All services together: who may start, who must stop first, and when the box is over. Pure, and
// small enough that a test walks through every state a few services can reach.
//
// The supervisor feeds events and carries out the acts that come back; next() says what follows
// from the states themselves.
#pragma once

#include <stdint.h>

#include "lib/init/limits.h"
#include "lib/init/service.h"
#include "lib/init/service_machine.h"

namespace boxctl::init {

/// What is to become of a service when nothing of it is left.
enum class Aim : uint8_t {
    policy,  ///< what its Restart says
    again,   ///< somebody asked for it
    off,     ///< somebody asked for its end
};

struct CrewMember {
    ServiceState state = ServiceState::off;
    Aim aim = Aim::policy;
    bool at_fault = false;  ///< this life counts as failed, however its process ended
    bool operator==(const CrewMember&) const = default;
};

/// Orders that were not carried out yet, and what is left of earlier ones.
struct CrewWishes {
    ServiceSet start = 0;
    ServiceSet renew = 0;
    ServiceSet stop = 0;
    ServiceSet held = 0;    ///< stopped by order: the box waits for the next one
    bool stopping = false;  ///< the box ends: nothing starts any more
    bool operator==(const CrewWishes&) const = default;
};

struct CrewStep {
    uint32_t index = 0;
    ServiceEvent event = ServiceEvent::want;
};

class Crew {
 public:
    explicit Crew(const Services& services) : services_(&services) {}

    /// Wishes, carried out step by step through next(). A start wishes for all that the service
    /// requires as well; a stop first stops all that require it.
    void start(ServiceSet wanted);
    void stop(ServiceSet unwanted);
    /// Stops everything, for good: from here on no wish starts anything.
    void stop_all();
    /// Stops it and starts it again; those that require it stay.
    void renew(uint32_t index);

    /// What follows from the states and the wishes. False: nothing, until an event is fed.
    bool next(CrewStep& step) const;

    /// Applies an event and returns what is to be done about it.
    ServiceAct feed(uint32_t index, ServiceEvent event);

    /// The event for a service of which nothing is left. `limit_reached`: it failed too often.
    [[nodiscard]] ServiceEvent after_end(uint32_t index, bool ended_well, bool limit_reached) const;

    [[nodiscard]] const CrewMember& member(uint32_t index) const { return members_[index]; }
    [[nodiscard]] ServiceState state(uint32_t index) const { return members_[index].state; }
    [[nodiscard]] bool stopping() const { return wishes_.stopping; }
    [[nodiscard]] const CrewWishes& wishes() const { return wishes_; }
    /// Nothing runs, nothing will, and nobody has put a service aside to start it later.
    [[nodiscard]] bool is_over() const;
    /// Services whose start may never come to an end: those of `failing`, which fail again and
    /// again, where they are not up at the moment, and those that wait for one of these.
    [[nodiscard]] ServiceSet stuck(ServiceSet failing) const;
    /// No other start is on its way any more: each service is up, has finished, is off, has failed
    /// for good or is stuck.
    [[nodiscard]] bool all_decided(ServiceSet failing) const;
    /// How many are up or have finished, and how many have failed for good.
    [[nodiscard]] uint32_t count_ready() const;
    [[nodiscard]] uint32_t count_failed() const;

 private:
    [[nodiscard]] ServiceSet in(bool (*holds)(ServiceState)) const;

    const Services* services_;
    CrewMember members_[kMaxServices] = {};
    CrewWishes wishes_;
};

}  // namespace boxctl::init
