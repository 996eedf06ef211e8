// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/shell/enter.h"
#include "lib/shell/leaves.h"
#include "lib/state/record.h"

namespace boxctl::endpoint {

/// A short command in the box, as its root, of which the output is wanted. What it starts may stay,
/// in the cgroup of the command.
class InsideCommand {
 public:
    /// What is kept of the output; the rest is read and dropped.
    static constexpr size_t kMostOutput = 64U << 10U;
    /// With the end of the command, or why there was none. Must not destroy the command.
    using Done =
            std::function<void(const Result<os::ExitStatus>& status, const std::string& output)>;

    /// Never waits for the box; kills the command when `patience` µs have passed (ETIME).
    static Result<std::unique_ptr<InsideCommand>> start(event::Loop& loop, const state::Record& box,
                                                        shell::Leaves& leaves,
                                                        const std::vector<std::string>& command,
                                                        uint64_t patience, Done done);
    InsideCommand(const InsideCommand&) = delete;
    InsideCommand& operator=(const InsideCommand&) = delete;

    /// `done` was called.
    [[nodiscard]] bool over() const { return over_; }

 private:
    InsideCommand(event::Loop& loop, shell::Leaves& leaves, Done done)
            : loop_(loop), leaves_(leaves), done_(std::move(done)) {}
    void on_entering();
    bool read_output();
    void finish(const Result<os::ExitStatus>& status);

    event::Loop& loop_;
    shell::Leaves& leaves_;
    Done done_;
    os::UniqueFd output_fd_;
    std::string output_;
    std::optional<shell::Entering> entering_;
    std::optional<shell::Session> session_;
    event::Source source_;
    event::IoSource output_source_;
    event::TimerSource patience_;
    bool over_ = false;
};

}  // namespace boxctl::endpoint
