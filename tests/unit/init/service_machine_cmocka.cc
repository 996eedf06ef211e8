// SPDX-License-Identifier: LGPL-2.1-or-later
// Every cell of a service's table, checked by rules that are stated without looking at the table.
#include "lib/init/service_machine.h"
#include "tests/unit/init/cmocka.h"

using namespace boxctl::init;

namespace {

using S = ServiceState;
using E = ServiceEvent;
using A = ServiceAct;

struct Change {
    S from;
    E event;
    ServiceCell cell;
};

// All cells that do anything; every other cell stays and does nothing.
// clang-format off
constexpr Change kChanges[] = {
    {S::off,      E::want,          {S::waiting,  A::none}},
    {S::off,      E::renew,         {S::waiting,  A::none}},
    {S::waiting,  E::unwant,        {S::off,      A::settle}},
    {S::waiting,  E::needs_met,     {S::starting, A::launch}},
    {S::waiting,  E::needs_failed,  {S::failed,   A::settle}},
    {S::starting, E::unwant,        {S::stopping, A::ask_stop}},
    {S::starting, E::renew,         {S::stopping, A::ask_renew}},
    {S::starting, E::launch_failed, {S::killing,  A::kill_failed}},
    {S::starting, E::ready,         {S::up,       A::announce}},
    {S::starting, E::main_ended,    {S::killing,  A::kill_rest}},
    {S::starting, E::deadline,      {S::stopping, A::ask_failed}},
    {S::up,       E::unwant,        {S::stopping, A::ask_stop}},
    {S::up,       E::renew,         {S::stopping, A::ask_renew}},
    {S::up,       E::main_ended,    {S::killing,  A::kill_rest}},
    {S::up,       E::unhealthy,     {S::stopping, A::ask_failed}},
    {S::stopping, E::want,          {S::stopping, A::note_again}},
    {S::stopping, E::unwant,        {S::stopping, A::note_off}},
    {S::stopping, E::renew,         {S::stopping, A::note_again}},
    {S::stopping, E::main_ended,    {S::killing,  A::kill_rest}},
    {S::stopping, E::deadline,      {S::killing,  A::kill_rest}},
    {S::killing,  E::want,          {S::killing,  A::note_again}},
    {S::killing,  E::unwant,        {S::killing,  A::note_off}},
    {S::killing,  E::renew,         {S::killing,  A::note_again}},
    {S::killing,  E::main_ended,    {S::killing,  A::kill_rest}},
    {S::killing,  E::deadline,      {S::killing,  A::kill_rest}},
    {S::killing,  E::gone_off,      {S::off,      A::settle}},
    {S::killing,  E::gone_again,    {S::delayed,  A::pause}},
    {S::killing,  E::gone_finished, {S::finished, A::settle}},
    {S::killing,  E::gone_failed,   {S::failed,   A::settle}},
    {S::delayed,  E::want,          {S::waiting,  A::none}},
    {S::delayed,  E::unwant,        {S::off,      A::settle}},
    {S::delayed,  E::renew,         {S::waiting,  A::none}},
    {S::delayed,  E::deadline,      {S::waiting,  A::none}},
    {S::finished, E::want,          {S::waiting,  A::none}},
    {S::finished, E::unwant,        {S::off,      A::settle}},
    {S::finished, E::renew,         {S::waiting,  A::none}},
    {S::finished, E::deadline,      {S::waiting,  A::none}},
    {S::failed,   E::want,          {S::waiting,  A::none}},
    {S::failed,   E::unwant,        {S::off,      A::settle}},
    {S::failed,   E::renew,         {S::waiting,  A::none}},
    {S::failed,   E::deadline,      {S::waiting,  A::none}},
};
// clang-format on

template <class Visit>
void each_cell(Visit visit) {
    for (size_t s = 0; s < kServiceStates; ++s) {
        for (size_t e = 0; e < kServiceEvents; ++e) {
            const S state = static_cast<S>(s);
            const E event = static_cast<E>(e);
            visit(state, event, service_transition(state, event));
        }
    }
}

void each_cell_is_as_written(void**) {
    size_t cells = 0;
    each_cell([&](S state, E event, ServiceCell cell) {
        ServiceCell want = {state, A::none};
        for (const Change& change : kChanges) {
            if (change.from == state && change.event == event) want = change.cell;
        }
        if (!(cell == want)) {
            fail_msg("%s, event %d: %s, act %d", to_string(state), static_cast<int>(event),
                     to_string(cell.next), static_cast<int>(cell.act));
        }
        ++cells;
    });
    assert_int_equal(cells, kServiceStates * kServiceEvents);
}

void processes_come_by_launch_and_go_by_being_gone(void**) {
    each_cell([](S state, E event, ServiceCell cell) {
        const bool before = has_processes(state);
        const bool after = has_processes(cell.next);
        if (!before && after) assert_true(cell.act == A::launch);
        if (cell.act == A::launch) assert_true(!before && after);
        const bool gone = event == E::gone_off || event == E::gone_again ||
                          event == E::gone_finished || event == E::gone_failed;
        if (before && !after) assert_true(gone && state == S::killing);
    });
}

void a_stop_is_never_refused_and_never_lost(void**) {
    for (size_t s = 0; s < kServiceStates; ++s) {
        const S state = static_cast<S>(s);
        const ServiceCell cell = service_transition(state, E::unwant);
        const bool heard =
                cell.act == A::ask_stop || cell.act == A::note_off || cell.next == S::off;
        assert_true(heard);
    }
}

void stopping_and_killing_are_left_in_one_direction(void**) {
    each_cell([](S state, E, ServiceCell cell) {
        if (state == S::stopping) assert_true(cell.next == S::stopping || cell.next == S::killing);
        if (state == S::killing) {
            assert_true(cell.next != S::stopping && cell.next != S::starting && cell.next != S::up);
        }
    });
}

void each_act_belongs_to_the_state_it_leads_to(void**) {
    each_cell([](S, E, ServiceCell cell) {
        switch (cell.act) {
            case A::none:
            case A::note_again:
            case A::note_off:
                return;
            case A::launch:
                return assert_true(cell.next == S::starting);
            case A::announce:
                return assert_true(cell.next == S::up);
            case A::ask_stop:
            case A::ask_renew:
            case A::ask_failed:
                return assert_true(cell.next == S::stopping);
            case A::kill_rest:
            case A::kill_failed:
                return assert_true(cell.next == S::killing);
            case A::pause:
                return assert_true(cell.next == S::delayed);
            case A::settle:
                return assert_true(is_settled(cell.next));
        }
    });
}

}  // namespace

int main() {
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_cell_is_as_written),
            cmocka_unit_test(processes_come_by_launch_and_go_by_being_gone),
            cmocka_unit_test(a_stop_is_never_refused_and_never_lost),
            cmocka_unit_test(stopping_and_killing_are_left_in_one_direction),
            cmocka_unit_test(each_act_belongs_to_the_state_it_leads_to),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
