// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>
#include <string.h>

#include "lib/init/options.h"
#include "tests/unit/init/cmocka.h"

using namespace boxctl::init;

namespace {

constexpr size_t kMaxWords = 10;

/// Parses argv[0] and the words of `line`, split at blanks, with an environment of one variable.
struct Call {
    char text[256] = {};
    char variable[64] = {};
    char* argv[kMaxWords + 1] = {};
    char* environment[2] = {};
    Options options;
    Parsed parsed;

    explicit Call(const char* line, const char* set = nullptr) {
        assert_true(strlen(line) < sizeof text);
        strcpy(text, line);
        size_t count = 0;
        char* rest = text;
        for (char* word = strsep(&rest, " "); word != nullptr; word = strsep(&rest, " ")) {
            assert_true(count < kMaxWords);
            argv[count++] = word;
        }
        if (set != nullptr) environment[0] = strcpy(variable, set);
        parsed = parse_options(argv, environment, options);
    }
};

struct Outcome {
    const char* line;
    Ask ask;
    const char* detail;  ///< the command, or the problem
};

// clang-format off
constexpr Outcome kOutcomes[] = {
    {"box-init true",                         Ask::run,     "true"},
    {"box-init -- true",                      Ask::run,     "true"},
    {"box-init -- -x",                        Ask::run,     "-x"},
    {"box-init -- -- x",                      Ask::run,     "--"},
    {"box-init - x",                          Ask::run,     "-"},
    {"box-init cmd -g --bogus -- x",          Ask::run,     "cmd"},
    {"box-init -g -s -vvv -w -c cmd",         Ask::run,     "cmd"},
    {"box-init -gswv cmd",                    Ask::run,     "cmd"},
    {"box-init -e 143 -e143 -r 15:3 cmd",     Ask::run,     "cmd"},
    {"box-init -sge143 -- cmd",               Ask::run,     "cmd"},
    {"box-init --rewrite TERM:QUIT cmd",      Ask::run,     "cmd"},
    {"box-init --rewrite=15:0 cmd",           Ask::run,     "cmd"},
    {"box-init --single-child --verbose cmd", Ask::run,     "cmd"},
    {"box-init -p SIGKILL cmd",               Ask::run,     "cmd"},
    {"box-init --kill-mode=group cmd",        Ask::run,     "cmd"},
    {"box-init --stop-timeout=1.5 cmd",       Ask::run,     "cmd"},
    {"box-init --help",                       Ask::help,    nullptr},
    {"box-init -h",                           Ask::help,    nullptr},
    {"box-init -sh cmd",                      Ask::help,    nullptr},
    {"box-init -V",                           Ask::version, nullptr},
    {"box-init --version",                    Ask::version, nullptr},
    {"box-init -l",                           Ask::license, nullptr},
    {"box-init -L",                           Ask::license, nullptr},
    {"box-init -P",                           Ask::run,     nullptr},
    {"box-init -P --",                        Ask::run,     nullptr},
    {"box-init -P cmd",                       Ask::misuse,  "--pause runs no command"},
    {"box-init",                              Ask::misuse,  "no command given"},
    {"box-init -g",                           Ask::misuse,  "no command given"},
    {"box-init --",                           Ask::misuse,  "no command given"},
    {"box-init -x cmd",                       Ask::misuse,  "unknown option"},
    {"box-init -gx cmd",                      Ask::misuse,  "unknown option"},
    {"box-init --grou cmd",                   Ask::misuse,  "unknown option"},
    {"box-init --groups cmd",                 Ask::misuse,  "unknown option"},
    {"box-init --=1 cmd",                     Ask::misuse,  "unknown option"},
    {"box-init --group=yes cmd",              Ask::misuse,  "option takes no value"},
    {"box-init -e",                           Ask::misuse,  "option needs a value"},
    {"box-init --rewrite",                    Ask::misuse,  "option needs a value"},
    {"box-init -e 256 cmd",                   Ask::misuse,  "exit code is not a number from 0 to 255"},
    {"box-init -e -1 cmd",                    Ask::misuse,  "exit code is not a number from 0 to 255"},
    {"box-init -e 1x cmd",                    Ask::misuse,  "exit code is not a number from 0 to 255"},
    {"box-init -p NOPE cmd",                  Ask::misuse,  "no such signal"},
    {"box-init -p 0 cmd",                     Ask::misuse,  "no such signal"},
    {"box-init -r 15 cmd",                    Ask::misuse,  "rewrite is not FROM:TO with two signals"},
    {"box-init -r 0:15 cmd",                  Ask::misuse,  "rewrite is not FROM:TO with two signals"},
    {"box-init -r 15:65 cmd",                 Ask::misuse,  "rewrite is not FROM:TO with two signals"},
    {"box-init -r 15: cmd",                   Ask::misuse,  "rewrite is not FROM:TO with two signals"},
    {"box-init -r AVERYLONGSIGNALNAME:1 cmd", Ask::misuse,  "rewrite is not FROM:TO with two signals"},
    {"box-init --kill-mode=all cmd",          Ask::misuse,  "kill mode is neither process nor group"},
    {"box-init --stop-timeout= cmd",          Ask::misuse,  "stop timeout is not a number of seconds"},
};
// clang-format on

void calls_are_read_as_the_table_says(void**) {
    for (const Outcome& row : kOutcomes) {
        const Call call(row.line);
        if (call.parsed.ask != row.ask) {
            fail_msg("%s: asks for %d", row.line, static_cast<int>(call.parsed.ask));
        }
        if (row.ask == Ask::run && row.detail != nullptr) {
            assert_string_equal(call.options.command[0], row.detail);
        }
        if (row.ask == Ask::run) assert_int_equal(call.options.pause, row.detail == nullptr);
        if (row.ask == Ask::misuse) assert_string_equal(call.parsed.problem, row.detail);
    }
}

void defaults_are_modest(void**) {
    const Call call("box-init cmd a b");
    const Options& options = call.options;
    assert_string_equal(options.command[2], "b");
    assert_null(options.command[3]);
    assert_true(options.kill_mode == KillMode::process);
    assert_int_equal(options.stop_timeout, 10000);
    assert_int_equal(options.verbosity, 1);
    assert_false(options.subreaper || options.forward_only || options.own_session);
    for (int signal = 0; signal <= kMaxSignal; ++signal) {
        assert_int_equal(options.rewrite[signal], signal);
    }
    for (int code = 0; code <= 255; ++code)
        assert_false(options.is_expected(code));
}

void options_set_what_they_name(void**) {
    const Call call("box-init -gswvv -e255 -e64 -r15:3 -r USR1:0 -pHUP cmd");
    const Options& options = call.options;
    assert_true(options.kill_mode == KillMode::group && options.subreaper && options.tell_reaped);
    assert_int_equal(options.verbosity, 3);
    assert_int_equal(options.parent_death_signal, SIGHUP);
    assert_int_equal(options.rewrite[SIGTERM], SIGQUIT);
    assert_int_equal(options.rewrite[SIGUSR1], 0);
    for (int code = 0; code <= 255; ++code) {
        assert_int_equal(options.is_expected(code), code == 255 || code == 64);
    }
}

void the_last_of_contrary_options_wins(void**) {
    assert_true(Call("box-init -g -c cmd").options.kill_mode == KillMode::process);
    assert_true(Call("box-init -c -g cmd").options.kill_mode == KillMode::group);
    assert_int_equal(Call("box-init -r 1:2 -r 1:3 cmd").options.rewrite[1], 3);
}

struct Time {
    const char* text;
    bool good;
    uint32_t milliseconds;
};

constexpr Time kTimes[] = {
        {"0", true, 0},
        {"10", true, 10000},
        {"0.5", true, 500},
        {"1.25", true, 1250},
        {"0.001", true, 1},
        {"1000000", true, 1000000000},
        {"infinity", true, kNever},
        {"1000001", false, 0},
        {"1.", false, 0},
        {".5", false, 0},
        {"1.2345", false, 0},
        {"1s", false, 0},
        {"-1", false, 0},
        {"", false, 0},
        {"infinite", false, 0},
        {"99999999999", false, 0},
};

void stop_times_are_read(void**) {
    for (const Time& row : kTimes) {
        uint32_t milliseconds = 0;
        const bool good = parse_stop_timeout(row.text, milliseconds);
        if (good != row.good) fail_msg("'%s' is taken as %d", row.text, good);
        if (good) assert_int_equal(milliseconds, row.milliseconds);
    }
}

void a_peers_name_brings_its_ways(void**) {
    assert_true(Call("/sbin/tini cmd").options.forward_only);
    assert_true(Call("/sbin/docker-init -- cmd").options.forward_only);
    assert_true(Call("/run/podman-init -- cmd").options.forward_only);
    assert_true(Call("/dev/init -- cmd").options.forward_only);
    assert_false(Call("/sbin/init cmd").options.forward_only);
    assert_false(Call("tini --stop-timeout=5 cmd").options.forward_only);

    assert_string_equal(Call("tini cmd -- a").options.command[1], "a");
    assert_string_equal(Call("tini -s cmd -- a").options.command[0], "cmd");
    assert_string_equal(Call("tini -- cmd -- a").options.command[1], "--");
    assert_string_equal(Call("box-init cmd -- a").options.command[1], "--");

    const Call dumb("dumb-init cmd");
    assert_true(dumb.options.own_session && dumb.options.kill_mode == KillMode::group);
    assert_int_equal(dumb.options.rewrite[SIGTSTP], SIGSTOP);
    assert_int_equal(dumb.options.rewrite[SIGTTIN], SIGSTOP);
    assert_int_equal(Call("dumb-init -r 20:10 cmd").options.rewrite[SIGTSTP], 10);
    const Call single("dumb-init -c cmd");
    assert_false(single.options.own_session);
    assert_int_equal(single.options.rewrite[SIGTSTP], SIGTSTP);
}

void a_peers_variables_count_under_its_name_only(void**) {
    assert_true(Call("tini cmd", "TINI_SUBREAPER=").options.subreaper);
    assert_true(Call("tini cmd", "TINI_KILL_PROCESS_GROUP=1").options.kill_mode == KillMode::group);
    assert_int_equal(Call("tini cmd", "TINI_VERBOSITY=3").options.verbosity, 3);
    assert_int_equal(Call("tini cmd", "TINI_VERBOSITY=x").options.verbosity, 1);
    assert_false(Call("tini cmd", "TINI_SUBREAPERS=1").options.subreaper);
    assert_false(Call("box-init cmd", "TINI_SUBREAPER=1").options.subreaper);
    assert_false(Call("dumb-init cmd", "TINI_SUBREAPER=1").options.subreaper);
    assert_false(Call("dumb-init cmd", "DUMB_INIT_SETSID=0").options.own_session);
    assert_true(Call("dumb-init cmd", "DUMB_INIT_SETSID=1").options.own_session);
    assert_int_equal(Call("dumb-init cmd", "DUMB_INIT_DEBUG=1").options.verbosity, 3);
}

void nothing_at_all_is_misuse(void**) {
    char* none[] = {nullptr};
    Options options;
    assert_true(parse_options(none, none, options).ask == Ask::misuse);
}

}  // namespace

int main() {
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(calls_are_read_as_the_table_says),
            cmocka_unit_test(defaults_are_modest),
            cmocka_unit_test(options_set_what_they_name),
            cmocka_unit_test(the_last_of_contrary_options_wins),
            cmocka_unit_test(stop_times_are_read),
            cmocka_unit_test(a_peers_name_brings_its_ways),
            cmocka_unit_test(a_peers_variables_count_under_its_name_only),
            cmocka_unit_test(nothing_at_all_is_misuse),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
