// SPDX-License-Identifier: LGPL-2.1-or-later
// What box-init was asked to do: parsed once into a value of fixed size, then never changed.
//
// The options are those of tini and dumb-init (and the harmless ones of catatonit) beside our own.
// Called by the name of one of these programs, box-init takes that program's defaults and its
// environment variables, so that a symbolic link can replace it.
#pragma once

#include <stdint.h>

#include "lib/init/log.h"
#include "lib/init/signals.h"

namespace boxctl::init {

enum class KillMode : uint8_t { process, group };

/// A stop time without end.
constexpr uint32_t kNever = UINT32_MAX;
/// The longest stop time that can be given, in seconds (eleven days).
constexpr uint32_t kMaxStopSeconds = 1000000;

struct Options {
    uint8_t rewrite[kMaxSignal + 1] = {};  ///< what to send for each signal; 0: nothing
    uint64_t expected[4] = {};             ///< bit set of exit codes that count as 0
    uint32_t stop_timeout = 10000;         ///< milliseconds, or kNever
    int parent_death_signal = 0;
    uint32_t verbosity = 1;
    KillMode kill_mode = KillMode::process;
    bool subreaper = false;
    bool tell_reaped = false;   ///< -w
    bool forward_only = false;  ///< no signal begins a stop: what the peers do
    bool own_session = false;   ///< setsid() instead of setpgid() where there is no terminal
    bool drop_dashes = false;   ///< "PROGRAM -- ARGUMENTS" runs PROGRAM ARGUMENTS (tini)
    bool lone_is_fine = false;  ///< no warning about being neither PID 1 nor a subreaper
    bool pause = false;         ///< -P: no command, only the duties of PID 1 (see pause.h)
    bool check = false;         ///< only read the service files
    LogFormat log_format = LogFormat::prefix;
    const char* services = nullptr;  ///< supervise these instead of running a command
    char* const* command = nullptr;  ///< or, for Ask::control, the request

    Options();
    [[nodiscard]] bool is_expected(int code) const {
        return (expected[code >> 6] >> (code & 63) & 1) != 0;
    }
};

enum class Ask : uint8_t { run, serve, control, help, version, license, misuse };

/// The outcome of a parse; for misuse, what is wrong and with which word (may be null).
struct Parsed {
    Ask ask = Ask::run;
    const char* problem = nullptr;
    const char* word = nullptr;
};

/// Reads the arguments (argv[0] is the name box-init was called by) and, for a peer's name, that
/// peer's variables in `environment`. The words of argv may be moved.
Parsed parse_options(char** argv, char* const* environment, Options& options);

/// "10", "0.25" (at most three decimals), "infinity" to milliseconds; false for anything else.
bool parse_stop_timeout(const char* text, uint32_t& milliseconds);

/// Prints the help that belongs to the option table to `fd`.
void print_help(int fd);

}  // namespace boxctl::init
