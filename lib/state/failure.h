// SPDX-License-Identifier: LGPL-2.1-or-later
// Failures: why the last start of a machine failed, for `boxctl explain`.
//
//     /run/boxctl/.failed/NAME     one JSON object, replaced as a whole
//
// Written by whoever fails to start it, removed by the next start that works; the oldest go when
// there are more than kMostFailures. Nobody else reads them and nothing depends on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::state {

constexpr size_t kMostFailures = 64;

struct Failure {
    std::string name;
    uint64_t time = 0;                  ///< seconds since 1970
    std::string phase;                  ///< what the start was at, in words
    std::string step;                   ///< of the plan; empty: none of them
    std::string act;                    ///< the call or check that failed
    int code = 0;                       ///< errno; 0: no call
    std::vector<std::string> settings;  ///< those that asked for it
    std::string hint;                   ///< what to do; empty: nothing better known
    std::string message;                ///< the whole line that the user got
};

std::string to_json(const Failure& failure);
/// Whatever is missing or malformed is an error naming it.
Result<Failure> failure_from_json(std::string_view text);

Result<void> write_failure(const Failure& failure);
/// Idempotent.
Result<void> forget_failure(const std::string& name);
/// ENOENT when the machine's last start did not fail, or never was.
Result<Failure> read_failure(const std::string& name);
/// The names of all, the latest first.
Result<std::vector<std::string>> failed_names();

}  // namespace boxctl::state
