// SPDX-License-Identifier: LGPL-2.1-or-later
// Jobs: what `boxctl exec -d` has started in a box, as its supervisor tells it:
//
//     /run/boxctl/NAME/jobs.json    replaced as a whole; not there until the first job
//
// The supervisor is the parent of them all; verbs only read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/state/record.h"

namespace boxctl::state {

struct Job {
    uint32_t number = 0;
    pid_t pid = 0;         ///< of its first process; 0 when only others of it are left
    uint64_t started = 0;  ///< seconds since the epoch
    std::string user;      ///< as it was asked for
    std::string command;   ///< its words, or the beginning of them; not printable
};

/// Text of jobs.json and back. Whatever is missing or malformed is an error naming it. The life of
/// the box that they belong to is told by PID 1.
std::string to_json(const std::vector<Job>& jobs, const ProcessIdentity& leader);
struct ListedJobs {
    std::vector<Job> jobs;
    ProcessIdentity leader;
};
Result<ListedJobs> jobs_from_json(std::string_view text);

Result<void> write_jobs(const Record& box, const std::vector<Job>& jobs);
/// Those of this life of the box, the oldest first.
Result<std::vector<Job>> read_jobs(const Record& box);

}  // namespace boxctl::state
