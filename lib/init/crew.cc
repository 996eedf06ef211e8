// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/crew.h"

namespace boxctl::init {

namespace {

using enum ServiceState;

bool is_ready(ServiceState state) {
    return state == up || state == finished;
}

/// Nobody has to wait for it any longer, be it that it works or that it never will.
bool is_decided(ServiceState state) {
    return is_ready(state) || state == off || state == failed;
}

bool is_lost(ServiceState state) {
    return state == off || state == failed;
}

bool is_wanted_down(ServiceState state) {
    return state != off;
}

bool is_ending(ServiceState state) {
    return state == stopping || state == killing;
}

/// `set` and all that its members require.
ServiceSet with_required(const Services& services, ServiceSet set) {
    ServiceSet before = 0;
    while (set != before) {
        before = set;
        for (uint32_t i = 0; i < services.count; ++i) {
            if ((set & bit_of(i)) != 0) set |= services.list[i].required;
        }
    }
    return set;
}

/// `set` and all that require its members.
ServiceSet with_dependents(const Services& services, ServiceSet set) {
    ServiceSet before = 0;
    while (set != before) {
        before = set;
        for (uint32_t i = 0; i < services.count; ++i) {
            if ((services.list[i].required & set) != 0) set |= bit_of(i);
        }
    }
    return set;
}

/// All that wait for service `index` when they start, and so stop before it.
ServiceSet followers(const Services& services, uint32_t index) {
    ServiceSet set = 0;
    for (uint32_t i = 0; i < services.count; ++i) {
        if ((services.list[i].after & bit_of(index)) != 0) set |= bit_of(i);
    }
    return set;
}

}  // namespace

ServiceSet Crew::in(bool (*holds)(ServiceState)) const {
    ServiceSet set = 0;
    for (uint32_t i = 0; i < services_->count; ++i) {
        if (holds(members_[i].state)) set |= bit_of(i);
    }
    return set;
}

void Crew::start(ServiceSet wanted) {
    if (wishes_.stopping) return;
    // What is required is only started if it is not there: a set-up that ran does not run again.
    const ServiceSet pulled = with_required(*services_, wanted) & ~wanted & ~in(is_ready);
    wishes_.start |= wanted | pulled;
    wishes_.held &= ~wishes_.start;
    wishes_.stop &= ~wishes_.start;
}

void Crew::stop(ServiceSet unwanted) {
    const ServiceSet all = with_dependents(*services_, unwanted);
    wishes_.stop |= all & in(is_wanted_down);
    wishes_.held |= all;
    wishes_.start &= ~wishes_.stop;
    wishes_.renew &= ~wishes_.stop;
}

void Crew::stop_all() {
    wishes_.stopping = true;
    wishes_.start = 0;
    wishes_.renew = 0;
    wishes_.stop = in(is_wanted_down);
}

void Crew::renew(uint32_t index) {
    if (wishes_.stopping) return;
    if (!has_processes(state(index))) return start(bit_of(index));
    wishes_.renew |= bit_of(index);
    wishes_.held &= ~bit_of(index);
    wishes_.stop &= ~bit_of(index);
}

bool Crew::next(CrewStep& step) const {
    const ServiceSet running = in(has_processes);
    const ServiceSet ready = in(is_ready);
    const ServiceSet decided = in(is_decided);
    const ServiceSet lost = in(is_lost);
    const ServiceSet ends = in(is_ending);
    for (uint32_t i = 0; i < services_->count; ++i) {
        const ServiceSet bit = bit_of(i);
        step.index = i;
        step.event = ServiceEvent::want;
        if ((wishes_.start & bit) != 0) return true;
        step.event = ServiceEvent::renew;
        if ((wishes_.renew & bit) != 0) return true;
        // A service without processes stops at once, one with them after those of its followers
        // that end as well: one that stays does not hold it.
        const ServiceSet ending = followers(*services_, i) & (ends | (running & wishes_.stop));
        const bool free = (running & bit) == 0 || ending == 0;
        step.event = ServiceEvent::unwant;
        if ((wishes_.stop & bit) != 0 && free) return true;
        if (members_[i].state != waiting || (wishes_.stop & bit) != 0) continue;
        const Service& service = services_->list[i];
        step.event = ServiceEvent::needs_failed;
        // What is wished for now may still come; all start wishes are carried out first.
        if ((service.required & lost & ~wishes_.start) != 0) return true;
        step.event = ServiceEvent::needs_met;
        if ((service.required & ~ready) == 0 && (service.after & ~decided) == 0) return true;
    }
    return false;
}

ServiceAct Crew::feed(uint32_t index, ServiceEvent event) {
    CrewMember& member = members_[index];
    const ServiceSet bit = bit_of(index);
    if (event == ServiceEvent::want) wishes_.start &= ~bit;
    if (event == ServiceEvent::renew) wishes_.renew &= ~bit;
    if (event == ServiceEvent::unwant) wishes_.stop &= ~bit;
    const ServiceCell cell = service_transition(member.state, event);
    member.state = cell.next;
    switch (cell.act) {
        case ServiceAct::launch:
            member.aim = Aim::policy;
            member.at_fault = false;
            break;
        case ServiceAct::ask_stop:
        case ServiceAct::note_off:
            member.aim = Aim::off;
            break;
        case ServiceAct::ask_renew:
        case ServiceAct::note_again:
            member.aim = Aim::again;
            break;
        case ServiceAct::ask_failed:
        case ServiceAct::kill_failed:
            member.at_fault = true;
            break;
        case ServiceAct::none:
        case ServiceAct::announce:
        case ServiceAct::kill_rest:
        case ServiceAct::pause:
        case ServiceAct::settle:
            break;
    }
    return cell.act;
}

ServiceEvent Crew::after_end(uint32_t index, bool ended_well, bool limit_reached) const {
    const CrewMember& member = members_[index];
    const RestartPolicy restart = services_->list[index].restart;
    if (member.aim == Aim::off || wishes_.stopping) return ServiceEvent::gone_off;
    if (member.aim == Aim::again) return ServiceEvent::gone_again;
    if (ended_well && !member.at_fault) {
        return restart == RestartPolicy::always ? ServiceEvent::gone_again
                                                : ServiceEvent::gone_finished;
    }
    return restart == RestartPolicy::no || limit_reached ? ServiceEvent::gone_failed
                                                         : ServiceEvent::gone_again;
}

bool Crew::is_over() const {
    if (wishes_.start != 0 || (wishes_.held != 0 && !wishes_.stopping)) return false;
    for (uint32_t i = 0; i < services_->count; ++i) {
        const bool again = services_->list[i].period != 0 && members_[i].state != off;
        if (!is_settled(members_[i].state) || again) return false;
    }
    return true;
}

ServiceSet Crew::stuck(ServiceSet failing) const {
    ServiceSet set = failing & ~in(is_decided);
    ServiceSet before = 0;
    while (set != before) {
        before = set;
        for (uint32_t i = 0; i < services_->count; ++i) {
            if (state(i) == waiting && (services_->list[i].after & set) != 0) set |= bit_of(i);
        }
    }
    return set;
}

bool Crew::all_decided(ServiceSet failing) const {
    const ServiceSet decided = in(is_decided) | stuck(failing);
    return wishes_.start == 0 && count_of(decided) == services_->count;
}

uint32_t Crew::count_ready() const {
    return count_of(in(is_ready));
}

uint32_t Crew::count_failed() const {
    return count_of(in([](ServiceState state) { return state == failed; }));
}

}  // namespace boxctl::init
