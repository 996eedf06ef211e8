// SPDX-License-Identifier: LGPL-2.1-or-later
// Control: listens at the socket of a box (state/control.h) and hands on who asks something.
//
// Only root of the host gets there, so what is bounded is bounded against mistakes: so many
// connections that have not asked yet, and for so long.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/event/listener.h"
#include "lib/event/loop.h"
#include "lib/json/json.h"
#include "lib/os/fd.h"

namespace boxctl::supervise {

/// Who asks, and what.
struct Question {
    os::UniqueFd connection;  ///< for the answer; O_NONBLOCK
    pid_t asker = 0;          ///< when it connected
    json::Value value;        ///< an object
};

class Control {
 public:
    using Handler = std::function<void(Question)>;
    /// One more makes the one leave that has been silent for longest.
    static constexpr size_t kMostSilent = 16;
    static constexpr uint64_t kPatience = 10 * event::kSecond;

    /// `listener` (state::listen_for_control()) and `loop` outlive it. `answer` must not destroy it
    /// and answers each question, sooner or later.
    static Result<std::unique_ptr<Control>> create(event::Loop& loop, os::BorrowedFd listener,
                                                   Handler answer);
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

 private:
    struct Client {
        os::UniqueFd connection;
        pid_t pid = 0;
        uint64_t since = 0;
        event::IoSource source;
    };
    using Place = std::list<Client>::iterator;

    Control(event::Loop& loop, Handler answer) : loop_(loop), answer_(std::move(answer)) {}
    Result<void> add(os::UniqueFd connection);
    void hear(Place place);
    void end_silence();
    void arm();

    event::Loop& loop_;
    Handler answer_;
    std::list<Client> silent_;  ///< the oldest first
    std::unique_ptr<event::Listener> listener_;
    event::TimerSource patience_;
};

}  // namespace boxctl::supervise
