// SPDX-License-Identifier: LGPL-2.1-or-later
// Every state that a few services can reach together, whatever their processes, the clock and the
// user do: walked from the first one to the last, with what must hold in each.
#include "lib/init/crew.h"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "lib/init/load.h"

using namespace boxctl::init;

namespace {

using E = ServiceEvent;
using S = ServiceState;

/// setup <- web, and log, which both only come after. A periodic setup is a job that comes again.
struct World {
    Services services;
    explicit World(RestartPolicy restart, int64_t period = 0) {
        add("log", restart, 0, 0);
        add("setup", RestartPolicy::no, 0, bit_of(0));
        services.list[1].period = period;
        add("web", restart, bit_of(1), bit_of(0));
    }
    void add(const char* name, RestartPolicy restart, ServiceSet required, ServiceSet after) {
        Service& service = services.list[services.count++];
        service.name = name;
        service.restart = restart;
        service.required = required;
        service.after = after | required;
    }
};

std::string key(const Services& services, const Crew& crew) {
    std::string text;
    for (uint32_t i = 0; i < services.count; i++) {
        const CrewMember& member = crew.member(i);
        text += static_cast<char>('a' + static_cast<int>(member.state));
        text += static_cast<char>('0' + static_cast<int>(member.aim) * 2 + member.at_fault);
    }
    const CrewWishes& wishes = crew.wishes();
    for (const ServiceSet set : {wishes.start, wishes.renew, wishes.stop, wishes.held})
        text += "." + std::to_string(set);
    return text + (wishes.stopping ? "!" : "");
}

/// What the world outside may do next: one fed event, or one order of the user.
std::vector<std::function<void(Crew&)>> moves(const Services& services, const Crew& crew,
                                              bool orders) {
    std::vector<std::function<void(Crew&)>> all;
    for (uint32_t i = 0; i < services.count; i++) {
        const auto may = [&](E event) { all.push_back([i, event](Crew& c) { c.feed(i, event); }); };
        switch (crew.state(i)) {
            case S::starting:
                for (const E event : {E::launch_failed, E::ready, E::main_ended, E::deadline})
                    may(event);
                break;
            case S::up:
                for (const E event : {E::main_ended, E::unhealthy})
                    may(event);
                break;
            case S::stopping:
                for (const E event : {E::main_ended, E::deadline})
                    may(event);
                break;
            case S::killing:
                for (const bool well : {false, true}) {
                    for (const bool limit : {false, true})
                        may(crew.after_end(i, well, limit));
                }
                break;
            case S::delayed:
                may(E::deadline);
                break;
            case S::finished:
            case S::failed:
                if (services.list[i].period != 0) may(E::deadline);
                break;
            case S::off:
            case S::waiting:
                break;
        }
        if (!orders) continue;
        all.push_back([i](Crew& c) { c.start(bit_of(i)); });
        all.push_back([i](Crew& c) { c.stop(bit_of(i)); });
        all.push_back([i](Crew& c) { c.renew(i); });
    }
    if (orders) all.push_back([](Crew& c) { c.stop_all(); });
    return all;
}

void must(bool holds, const char* what, const std::string& at) {
    if (!holds) BOOST_FAIL(what << " at " << at);
}

/// Feeds what follows, as the supervisor does, and checks each step.
void follow(const Services& services, Crew& crew) {
    CrewStep step;
    int steps = 0;
    while (crew.next(step)) {
        must(++steps < 100, "what follows never ends", key(services, crew));
        const Service& service = services.list[step.index];
        if (step.event == E::needs_met) {
            for (uint32_t i = 0; i < services.count; i++) {
                const S state = crew.state(i);
                const bool ready = state == S::up || state == S::finished;
                if ((service.required & bit_of(i)) != 0) {
                    must(ready, "started before what it requires", key(services, crew));
                }
                if ((service.after & bit_of(i)) != 0) {
                    must(ready || state == S::off || state == S::failed,
                         "started before what it comes after", key(services, crew));
                }
            }
            must(!crew.stopping(), "started while the box stops", key(services, crew));
        }
        const ServiceAct act = crew.feed(step.index, step.event);
        if (act == ServiceAct::ask_stop) {
            for (uint32_t i = 0; i < services.count; i++) {
                const bool follower = (services.list[i].after & bit_of(step.index)) != 0;
                const bool stays = crew.state(i) == S::up || crew.state(i) == S::starting;
                const bool ends = has_processes(crew.state(i)) &&
                                  (!stays || (crew.wishes().stop & bit_of(i)) != 0);
                must(!follower || !ends, "stopped before its followers", key(services, crew));
            }
        }
    }
}

/// A stop that was asked for either happened or waits for a follower that is ending.
void check_stops(const Services& services, const Crew& crew) {
    for (uint32_t i = 0; i < services.count; i++) {
        if ((crew.wishes().stop & bit_of(i)) == 0) continue;
        bool follower_ends = false;
        for (uint32_t j = 0; j < services.count; j++) {
            const bool ends = crew.state(j) == S::stopping || crew.state(j) == S::killing ||
                              (crew.wishes().stop & bit_of(j)) != 0;
            if ((services.list[j].after & bit_of(i)) != 0 && ends) follower_ends = true;
        }
        must(follower_ends, "a stop that waits for nothing that ends", key(services, crew));
    }
}

using Graph = std::map<std::string, Crew>;

/// All that can be reached from `first`; `orders` as for moves().
Graph explore(const Services& services, const std::vector<Crew>& first, bool orders) {
    Graph seen;
    std::deque<Crew> open;
    const auto visit = [&](Crew crew) {
        follow(services, crew);
        check_stops(services, crew);
        if (seen.emplace(key(services, crew), crew).second) open.push_back(crew);
    };
    for (const Crew& crew : first)
        visit(crew);
    while (!open.empty()) {
        const Crew crew = open.front();
        open.pop_front();
        for (const auto& move : moves(services, crew, orders)) {
            Crew next = crew;
            move(next);
            visit(next);
        }
    }
    return seen;
}

/// Whatever the processes do from here on, each path is short and ends with all off.
void check_the_end(const Services& services, const std::string& name, Crew now, int depth) {
    follow(services, now);
    must(depth < 20, "a stop that takes for ever", name);
    const auto next = moves(services, now, false);
    if (next.empty()) return must(now.is_over(), "stuck in a stop", key(services, now));
    // One representative for each service is enough: they do not touch each other now.
    Crew other = now;
    next.front()(other);
    check_the_end(services, name, other, depth + 1);
    Crew last = now;
    next.back()(last);
    check_the_end(services, name, last, depth + 1);
}

Crew at_the_start(const Services& services) {
    Crew crew(services);
    crew.start(bit_of(services.count) - 1);
    return crew;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crew)

BOOST_AUTO_TEST_CASE(what_holds_in_every_state_that_can_be_reached) {
    const World worlds[] = {World(RestartPolicy::no), World(RestartPolicy::on_failure),
                            World(RestartPolicy::always), World(RestartPolicy::no, 1000)};
    for (const World& world : worlds) {
        const Graph graph = explore(world.services, {at_the_start(world.services)}, true);
        BOOST_TEST(graph.size() > 1000);  // a walk that stops early shows nothing
        std::set<S> states;
        for (const auto& [name, crew] : graph) {
            for (uint32_t i = 0; i < world.services.count; i++)
                states.insert(crew.state(i));
            // Nothing to do and nothing to wait for: only then may the box be over, and a box that
            // is not over has something that moves it on, or waits for an order.
            const bool moves_on = !moves(world.services, crew, false).empty();
            if (crew.is_over()) must(!moves_on, "over with something left to happen", name);
            if (!moves_on) {
                for (uint32_t i = 0; i < world.services.count; i++)
                    must(is_settled(crew.state(i)), "stuck", name);
            }
        }
        BOOST_TEST(states.size() == kServiceStates);
    }
}

BOOST_AUTO_TEST_CASE(from_every_state_a_stop_ends_the_box) {
    for (const int64_t period : {0, 1000}) {
        const World world(RestartPolicy::always, period);
        const Graph graph = explore(world.services, {at_the_start(world.services)}, true);
        for (const auto& [name, crew] : graph) {
            Crew stopped = crew;
            stopped.stop_all();
            check_the_end(world.services, name, stopped, 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_start_takes_along_what_is_required) {
    const World world(RestartPolicy::no);
    Crew crew(world.services);
    crew.start(bit_of(2));
    follow(world.services, crew);
    BOOST_TEST((crew.state(1) == S::starting));
    BOOST_TEST((crew.state(2) == S::waiting));
    BOOST_TEST((crew.state(0) == S::off));
}

BOOST_AUTO_TEST_CASE(a_failed_requirement_fails_what_needs_it) {
    const World world(RestartPolicy::no);
    Crew crew(world.services);
    crew.start(bit_of(2));
    follow(world.services, crew);
    crew.feed(1, E::main_ended);
    crew.feed(1, crew.after_end(1, false, false));
    follow(world.services, crew);
    BOOST_TEST((crew.state(1) == S::failed));
    BOOST_TEST((crew.state(2) == S::failed));
    BOOST_TEST(crew.is_over());
}

BOOST_AUTO_TEST_CASE(what_failed_for_good_is_decided_and_what_starts_is_not) {
    const World world(RestartPolicy::no);
    Crew crew = at_the_start(world.services);
    follow(world.services, crew);
    BOOST_TEST(!crew.all_decided(0));
    crew.feed(0, E::ready);
    follow(world.services, crew);
    crew.feed(1, E::main_ended);
    BOOST_TEST(!crew.all_decided(0));
    crew.feed(1, crew.after_end(1, false, false));
    follow(world.services, crew);
    BOOST_TEST(crew.all_decided(0));
    BOOST_TEST(crew.count_ready() == 1U);
    BOOST_TEST(crew.count_failed() == 2U);
}

BOOST_AUTO_TEST_CASE(what_keeps_failing_holds_up_only_what_waits_for_it) {
    const World world(RestartPolicy::on_failure);
    Crew crew = at_the_start(world.services);
    follow(world.services, crew);
    crew.feed(0, E::main_ended);
    crew.feed(0, crew.after_end(0, false, false));
    BOOST_TEST((crew.state(0) == S::delayed));
    BOOST_TEST(!crew.all_decided(0));
    BOOST_TEST(crew.stuck(0) == 0U);
    // Both others come after it, "web" through "setup" as well.
    BOOST_TEST(crew.stuck(bit_of(0)) == (bit_of(0) | bit_of(1) | bit_of(2)));
    BOOST_TEST(crew.all_decided(bit_of(0)));
    // What starts by itself is waited for.
    BOOST_TEST(!crew.all_decided(bit_of(1)));
    crew.feed(0, E::deadline);
    follow(world.services, crew);
    BOOST_TEST((crew.state(0) == S::starting));
    BOOST_TEST(crew.all_decided(bit_of(0)));
    crew.feed(0, E::ready);
    follow(world.services, crew);
    BOOST_TEST(crew.stuck(bit_of(0)) == 0U);
    BOOST_TEST(!crew.all_decided(bit_of(0)));
}

BOOST_AUTO_TEST_CASE(a_stop_goes_to_those_that_require_it_first) {
    const World world(RestartPolicy::no);
    Crew crew = at_the_start(world.services);
    for (const uint32_t index : {0U, 1U, 2U}) {
        follow(world.services, crew);
        crew.feed(index, E::ready);
    }
    crew.stop(bit_of(1));
    follow(world.services, crew);
    BOOST_TEST((crew.state(2) == S::stopping));
    BOOST_TEST((crew.state(1) == S::up));
    BOOST_TEST((crew.state(0) == S::up));
    crew.feed(2, E::main_ended);
    crew.feed(2, crew.after_end(2, true, false));
    follow(world.services, crew);
    BOOST_TEST((crew.state(1) == S::stopping));
}

BOOST_AUTO_TEST_CASE(a_periodic_job_keeps_the_box_and_comes_again) {
    const World world(RestartPolicy::no, 1000);
    for (const bool well : {true, false}) {
        Crew crew(world.services);
        crew.start(bit_of(1));
        follow(world.services, crew);
        crew.feed(1, E::main_ended);
        crew.feed(1, crew.after_end(1, well, false));
        follow(world.services, crew);
        BOOST_TEST((crew.state(1) == (well ? S::finished : S::failed)));
        BOOST_TEST(!crew.is_over());
        crew.feed(1, E::deadline);
        follow(world.services, crew);
        BOOST_TEST((crew.state(1) == S::starting));
    }
}

BOOST_AUTO_TEST_CASE(what_was_stopped_by_order_keeps_the_box) {
    const World world(RestartPolicy::no);
    Crew crew(world.services);
    crew.start(bit_of(0));
    follow(world.services, crew);
    crew.stop(bit_of(0));
    follow(world.services, crew);
    crew.feed(0, E::main_ended);
    crew.feed(0, crew.after_end(0, true, false));
    follow(world.services, crew);
    BOOST_TEST((crew.state(0) == S::off));
    BOOST_TEST(!crew.is_over());
    crew.stop_all();
    BOOST_TEST(crew.is_over());
}

BOOST_AUTO_TEST_SUITE_END()
