// SPDX-License-Identifier: LGPL-2.1-or-later
// Every cell of box-init's table, checked by rules that are stated without looking at the table.
#include "lib/init/machine.h"
#include "tests/unit/init/cmocka.h"

using namespace boxctl::init;

namespace {

constexpr State kAllStates[] = {State::starting, State::running, State::stopping, State::killing,
                                State::done};

State state_at(size_t index) {
    return static_cast<State>(index);
}
Event event_at(size_t index) {
    return static_cast<Event>(index);
}

struct Change {
    State from;
    Event event;
    Cell cell;
};

// All cells that do anything; every other cell stays and does nothing.
// clang-format off
constexpr Change kChanges[] = {
    {State::starting, Event::started,         {State::running,  Act::none}},
    {State::starting, Event::start_failed,    {State::done,     Act::none}},
    {State::starting, Event::command_exited,  {State::done,     Act::none}},
    {State::running,  Event::start_failed,    {State::done,     Act::none}},
    {State::running,  Event::signalled,       {State::running,  Act::forward}},
    {State::running,  Event::resumed,         {State::running,  Act::resume}},
    {State::running,  Event::stop_asked,      {State::stopping, Act::begin_stop}},
    {State::running,  Event::kill_asked,      {State::killing,  Act::kill_all}},
    {State::running,  Event::command_stopped, {State::running,  Act::suspend}},
    {State::running,  Event::command_exited,  {State::done,     Act::none}},
    {State::running,  Event::children_gone,   {State::done,     Act::none}},
    {State::stopping, Event::start_failed,    {State::done,     Act::none}},
    {State::stopping, Event::signalled,       {State::stopping, Act::forward}},
    {State::stopping, Event::resumed,         {State::stopping, Act::resume}},
    {State::stopping, Event::stop_asked,      {State::stopping, Act::forward}},
    {State::stopping, Event::kill_asked,      {State::killing,  Act::kill_all}},
    {State::stopping, Event::command_stopped, {State::stopping, Act::wake}},
    {State::stopping, Event::command_exited,  {State::killing,  Act::kill_all}},
    {State::stopping, Event::deadline,        {State::killing,  Act::kill_all}},
    {State::stopping, Event::children_gone,   {State::done,     Act::none}},
    {State::killing,  Event::start_failed,    {State::done,     Act::none}},
    {State::killing,  Event::command_exited,  {State::killing,  Act::kill_all}},
    {State::killing,  Event::others_reaped,   {State::killing,  Act::kill_all}},
    {State::killing,  Event::deadline,        {State::done,     Act::none}},
    {State::killing,  Event::children_gone,   {State::done,     Act::none}},
};
// clang-format on

Cell expected(State state, Event event) {
    for (const Change& change : kChanges) {
        if (change.from == state && change.event == event) return change.cell;
    }
    return {state, Act::none};
}

void each_cell_is_as_written(void**) {
    size_t cells = 0;
    for (size_t s = 0; s < kStates; ++s) {
        for (size_t e = 0; e < kEvents; ++e, ++cells) {
            const Cell cell = transition(state_at(s), event_at(e));
            const Cell want = expected(state_at(s), event_at(e));
            if (!(cell == want)) {
                fail_msg("state %s event %zu: next %s act %d", to_string(state_at(s)), e,
                         to_string(cell.next), static_cast<int>(cell.act));
            }
        }
    }
    assert_int_equal(cells, kStates * kEvents);
}

void no_cell_goes_back(void**) {
    for (const State state : kAllStates) {
        for (size_t e = 0; e < kEvents; ++e) {
            const Cell cell = transition(state, event_at(e));
            assert_true(static_cast<int>(cell.next) >= static_cast<int>(state));
        }
    }
}

void nothing_is_sent_before_the_start_or_after_the_end(void**) {
    for (size_t e = 0; e < kEvents; ++e) {
        assert_true(transition(State::starting, event_at(e)).act == Act::none);
        assert_true(transition(State::done, event_at(e)).act == Act::none);
        assert_true(transition(State::done, event_at(e)).next == State::done);
    }
}

void killing_is_entered_with_the_kill_and_only_there(void**) {
    for (const State state : kAllStates) {
        for (size_t e = 0; e < kEvents; ++e) {
            const Cell cell = transition(state, event_at(e));
            if (cell.act == Act::kill_all) assert_true(cell.next == State::killing);
            if (cell.next == State::killing && state != State::killing) {
                assert_true(cell.act == Act::kill_all);
            }
        }
    }
}

void a_deadline_always_leads_on_where_one_is_set(void**) {
    assert_true(transition(State::stopping, Event::deadline).next == State::killing);
    assert_true(transition(State::killing, Event::deadline).next == State::done);
}

/// With no child left there is nothing to wait for, whatever was going on.
void no_life_outlasts_its_children(void**) {
    for (const State state : kAllStates) {
        if (state == State::starting) continue;
        assert_true(transition(state, Event::children_gone).next == State::done);
    }
}

}  // namespace

int main() {
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_cell_is_as_written),
            cmocka_unit_test(no_cell_goes_back),
            cmocka_unit_test(nothing_is_sent_before_the_start_or_after_the_end),
            cmocka_unit_test(killing_is_entered_with_the_kill_and_only_there),
            cmocka_unit_test(a_deadline_always_leads_on_where_one_is_set),
            cmocka_unit_test(no_life_outlasts_its_children),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
