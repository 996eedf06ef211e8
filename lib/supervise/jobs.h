// SPDX-License-Identifier: LGPL-2.1-or-later
// Jobs: programs that `boxctl exec -d` asks for, which nobody stays with but the supervisor.
//
// Each is a session of shell/enter.h, a child of the supervisor in a cgroup of its own that the box
// cannot reach. A job lasts until the last process in that cgroup has ended; where the box has no
// cgroup, as long as its first one. With the box all of them end, at the latest.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/json/json.h"
#include "lib/os/fd.h"
#include "lib/shell/enter.h"
#include "lib/state/jobs.h"
#include "lib/state/record.h"
#include "lib/supervise/control.h"

namespace boxctl::state {
class Outgoing;
class Incoming;
}  // namespace boxctl::state

namespace boxctl::supervise {

class Jobs {
 public:
    /// Running, or on their way into the box.
    static constexpr size_t kMost = 64;
    /// What a box may take to let a program in.
    static constexpr uint64_t kPatience = 10 * event::kSecond;
    /// How much of a command is remembered for who wants to know.
    static constexpr size_t kLongestCommand = 256;

    /// Both outlive it.
    Jobs(event::Loop& loop, const state::Record& box) : loop_(loop), box_(box) {}
    Jobs(const Jobs&) = delete;
    Jobs& operator=(const Jobs&) = delete;

    /// {"user", "command", "environment", "directory"}: answered with {"job", "pid"} once the
    /// command is executed, or refused with why not. Never waits for the box.
    void start(Question question);
    /// {"job", "signal"}: sends it to every process of the job.
    void signal(const Question& question);

    /// One is on its way into the box, which only this image can finish.
    [[nodiscard]] bool starting() const { return !starting_.empty(); }
    /// For another image of this program (execve(2)), and back; handover.cc has both.
    json::Value pack(state::Outgoing& outgoing) const;
    Result<void> resume(const json::Value& packed, state::Incoming& incoming);

 private:
    struct Starting {
        Question question;
        state::Job job;
        shell::Entering entering;
        event::IoSource source;
        event::TimerSource patience;
    };
    struct Running {
        state::Job job;
        shell::Session session;
        event::Source end;    ///< of the first process
        os::UniqueFd events;  ///< of the cgroup, from the start: later there may be no descriptor
        event::IoSource rest;
    };
    using StartingPlace = std::list<Starting>::iterator;
    using RunningPlace = std::list<Running>::iterator;

    Result<void> begin(Question& question);
    void advance(StartingPlace place);
    void fail(StartingPlace place, const Error& error);
    Result<void> add(state::Job job, shell::Session session);
    Result<void> watch(RunningPlace place);
    void on_end(RunningPlace place);
    [[nodiscard]] static bool has_ended(const Running& running);
    void look_at_rest(RunningPlace place);
    Result<void> send_signal(const json::Value& value) const;
    void tell();

    event::Loop& loop_;
    const state::Record& box_;
    std::list<Starting> starting_;
    std::list<Running> running_;
    uint32_t next_number_ = 1;
    event::TimerSource tell_again_;
};

}  // namespace boxctl::supervise
