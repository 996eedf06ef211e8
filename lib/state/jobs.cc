// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/jobs.h"

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"
#include "lib/state/handover.h"

namespace boxctl::state {
namespace {

constexpr const char* kFile = "jobs.json";
constexpr size_t kMostBytes = 256U << 10U;

Result<Job> job_of(const json::Value& value) {
    Job job;
    const uint64_t number = BOX_TRY(json::get_u64(value, "number"));
    const uint64_t pid = BOX_TRY(json::get_u64(value, "pid"));
    if (number > UINT32_MAX || pid > INT32_MAX) return Error("a job has an impossible number");
    job.number = static_cast<uint32_t>(number);
    job.pid = static_cast<pid_t>(pid);
    job.started = BOX_TRY(json::get_u64(value, "started"));
    job.user = BOX_TRY(json::get_string(value, "user"));
    // Words are bytes, and JSON holds none.
    job.command = BOX_TRY(from_hex(BOX_TRY(json::get_string(value, "command"))));
    return job;
}

}  // namespace

std::string to_json(const std::vector<Job>& jobs, const ProcessIdentity& leader) {
    json::Value list = json::Value::array();
    for (const Job& job : jobs) {
        list.push_back({{"number", job.number},
                        {"pid", job.pid},
                        {"started", job.started},
                        {"user", job.user},
                        {"command", to_hex(job.command)}});
    }
    const json::Value value = {
            {"leader", leader.pid}, {"leader_start", leader.start_time}, {"jobs", list}};
    return json::to_text(value) + "\n";
}

Result<ListedJobs> jobs_from_json(std::string_view text) {
    const json::Value value = BOX_TRY(json::parse(text));
    ListedJobs listed;
    const uint64_t pid = BOX_TRY(json::get_u64(value, "leader"));
    if (pid > INT32_MAX) return Error("'leader' names no process");
    listed.leader = {static_cast<pid_t>(pid), BOX_TRY(json::get_u64(value, "leader_start"))};
    for (const json::Value& job : *BOX_TRY(json::get_array(value, "jobs")))
        listed.jobs.push_back(BOX_TRY(job_of(job)));
    return listed;
}

Result<void> write_jobs(const Record& box, const std::vector<Job>& jobs) {
    const os::UniqueFd directory = BOX_TRY(open_machine_directory(box.name));
    return os::replace_file_at(directory, kFile, to_json(jobs, box.leader), 0600)
            .context("list the jobs of machine " + quote(box.name));
}

Result<std::vector<Job>> read_jobs(const Record& box) {
    const std::string path = std::string(kDirectory) + "/" + box.name + "/" + kFile;
    const auto text = os::read_file(path, kMostBytes);
    if (!text && text.error().code() == ENOENT) return std::vector<Job>();
    if (!text) return Error(text.error());
    ListedJobs listed = BOX_TRY(jobs_from_json(*text).context(quote(path)));
    const bool this_life = listed.leader.pid == box.leader.pid &&
                           listed.leader.start_time == box.leader.start_time;
    return this_life ? std::move(listed.jobs) : std::vector<Job>();
}

}  // namespace boxctl::state
