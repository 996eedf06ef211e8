// SPDX-License-Identifier: LGPL-2.1-or-later
// Readiness: watches a box until its rule (--ready) holds, says so once, and costs nothing then.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lib/base/result.h"
#include "lib/console/tap.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"
#include "lib/settings/settings.h"
#include "lib/shell/enter.h"
#include "lib/state/record.h"
#include "lib/supervise/log_match.h"
#include "lib/supervise/notify.h"

namespace boxctl::supervise {

class Readiness {
 public:
    /// Looks into the box soon, and then less and less often, down to once a second.
    static constexpr uint64_t kFirstPause = event::kSecond / 20;
    static constexpr uint64_t kLongestPause = event::kSecond;
    /// A look, or the command of a user, that takes longer is ended and made again.
    static constexpr uint64_t kLookTime = 10 * event::kSecond;
    static constexpr uint64_t kCommandTime = 60 * event::kSecond;

    /// `pidfd` is that of PID 1; it, `loop` and `record` outlive this object. `on_ready` is called
    /// once, at the earliest by start(), and must not destroy it.
    Readiness(event::Loop& loop, const state::Record& record, os::BorrowedFd pidfd,
              std::function<void()> on_ready)
            : loop_(loop), record_(record), pidfd_(pidfd), on_ready_(std::move(on_ready)) {}
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;
    ~Readiness() { end_look(); }

    /// `console` is where the box's output passes, if it has a console of ours, and outlives this
    /// object. An error when the record's rule is none, or needs a console that is not there.
    Result<void> start(console::Tap* console);
    /// PID 1 said something.
    void hear(const Notice& notice);
    /// Ends a look that is going on; it is made again soon. Another image of this program would
    /// know nothing of its child.
    void interrupt();

 private:
    void look();
    Result<void> start_look();
    void on_look_over(const os::ExitStatus& status);
    void end_look();
    void look_again();
    void become_ready();

    event::Loop& loop_;
    const state::Record& record_;
    os::BorrowedFd pidfd_;
    std::function<void()> on_ready_;
    settings::ReadyRule rule_;
    bool waiting_ = false;
    std::optional<LogMatch> log_;
    console::Tap::Hold log_hold_;
    uint64_t pause_ = kFirstPause;
    event::TimerSource next_look_;
    event::TimerSource look_deadline_;
    event::Source look_source_;
    os::UniqueFd look_;                      ///< pidfd of a child that looks
    std::optional<shell::Session> session_;  ///< of a command that looks
};

}  // namespace boxctl::supervise
