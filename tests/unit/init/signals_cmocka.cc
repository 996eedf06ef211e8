// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/init/signals.h"
#include "tests/unit/init/cmocka.h"

using namespace boxctl::init;

namespace {

struct Case {
    const char* text;
    int signal;
};

// clang-format off
constexpr Case kParse[] = {
    {"SIGTERM", 15}, {"TERM", 15}, {"term", 15}, {"sigTerm", 15}, {"15", 15}, {"1", 1}, {"64", 64},
    {"SIGRTMIN", 34}, {"RTMIN+3", 37}, {"SIGRTMIN+30", 64}, {"SIGRTMAX", 64}, {"rtmax-1", 63},
    {"SIGPWR", 30}, {"IOT", 6}, {"CLD", 17}, {"POLL", 29}, {"SYS", 31},
    {"", 0}, {"0", 0}, {"65", 0}, {"-1", 0}, {"+15", 0}, {" 15", 0}, {"15 ", 0}, {"0x1", 0},
    {"SIG", 0}, {"TERMX", 0}, {"TER", 0}, {"SIGSIGTERM", 0}, {"RTMIN+31", 0}, {"RTMIN-1", 0},
    {"RTMIN+", 0}, {"RTMAX+1", 0}, {"RTMAX-31", 0}, {"RTMINX", 0}, {"4294967311", 0},
    {"18446744073709551631", 0},
};
// clang-format on

void names_and_numbers_are_read(void**) {
    for (const Case& row : kParse) {
        const int got = parse_signal(row.text);
        if (got != row.signal) fail_msg("'%s': %d, not %d", row.text, got, row.signal);
    }
}

void each_signal_has_a_name_that_reads_back(void**) {
    for (int signal = 1; signal <= kMaxSignal; ++signal) {
        if (signal == 32 || signal == 33) continue;  // the C library's own, without a name
        char buffer[16] = {};
        assert_int_equal(parse_signal(signal_name(signal, buffer)), signal);
    }
    char buffer[16] = {};
    assert_string_equal(signal_name(32, buffer), "signal 32");
    assert_string_equal(signal_name(37, buffer), "SIGRTMIN+3");
    assert_string_equal(signal_name(6, buffer), "SIGABRT");
}

Role wanted_role(int signal) {
    switch (signal) {
        case 17:
            return Role::child;
        case 18:
            return Role::resume;
        case 2:
        case 15:
            return Role::stop_self;
        case 30:
        case 37:
        case 38:
        case 39:
        case 40:
            return Role::stop_term;
        case 47:
        case 48:
        case 49:
        case 50:
            return Role::kill_now;
        default:
            return Role::forward;
    }
}

void each_signal_has_its_role(void**) {
    for (int signal = 1; signal <= kMaxSignal; ++signal) {
        assert_true(signal_role(signal, false) == wanted_role(signal));
        const bool special = signal == SIGCHLD || signal == SIGCONT;
        const Role plain = special ? wanted_role(signal) : Role::forward;
        assert_true(signal_role(signal, true) == plain);
    }
}

void every_signal_arrives_once_and_nothing_else(void**) {
    sigset_t old;
    sigprocmask(SIG_SETMASK, nullptr, &old);
    const InheritedSignals was = take_signals();
    for (int signal = 1; signal <= kMaxSignal; ++signal) {
        // SIGKILL and SIGSTOP cannot be blocked; a stop and SIGCONT take each other back.
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        assert_int_equal(kill(getpid(), signal), 0);
        assert_true(is_pending(signal));
        const Arrival arrival = wait_signal(0);
        assert_int_equal(arrival.signal, signal);
        assert_int_equal(arrival.sender, getpid());
    }
    assert_int_equal(wait_signal(0).signal, 0);
    assert_int_equal(wait_signal(5).signal, 0);
    give_signals(was);
    sigset_t now;
    sigprocmask(SIG_SETMASK, nullptr, &now);
    assert_memory_equal(&now, &old, sizeof(uint64_t));
}

void an_ignored_sigchld_is_remembered_and_given_back(void**) {
    signal(SIGCHLD, SIG_IGN);
    const InheritedSignals was = take_signals();
    struct sigaction action = {};
    sigaction(SIGCHLD, nullptr, &action);
    assert_true(action.sa_handler == SIG_DFL);
    assert_true(was.child_ignored);
    give_signals(was);
    sigaction(SIGCHLD, nullptr, &action);
    assert_true(action.sa_handler == SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
}

void a_stop_signal_has_a_handler_for_others_to_see(void**) {
    signal(SIGTERM, SIG_DFL);
    signal(kRtMin + 4, SIG_IGN);
    const InheritedSignals was = take_signals();
    struct sigaction action = {};
    sigaction(SIGTERM, nullptr, &action);
    assert_true(action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    sigaction(kRtMin + 4, nullptr, &action);
    assert_true(action.sa_handler == SIG_IGN);
    give_signals(was);
    sigaction(SIGTERM, nullptr, &action);
    assert_true(action.sa_handler == SIG_DFL);
    sigaction(kRtMin + 4, nullptr, &action);
    assert_true(action.sa_handler == SIG_IGN);
    signal(kRtMin + 4, SIG_DFL);
}

}  // namespace

int main() {
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_and_numbers_are_read),
            cmocka_unit_test(each_signal_has_a_name_that_reads_back),
            cmocka_unit_test(each_signal_has_its_role),
            cmocka_unit_test(every_signal_arrives_once_and_nothing_else),
            cmocka_unit_test(a_stop_signal_has_a_handler_for_others_to_see),
            cmocka_unit_test(an_ignored_sigchld_is_remembered_and_given_back),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
