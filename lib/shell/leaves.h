// SPDX-License-Identifier: LGPL-2.1-or-later
// Leaves: the cgroups of sessions that are over, until their last process is gone.
//
// A program's children end after it: they run on in the background, or are killed with it and are
// still on their way out when it has been reaped. A cgroup can be removed only then.
#pragma once

#include <list>

#include "lib/event/loop.h"
#include "lib/shell/enter.h"

namespace boxctl::shell {

class Leaves {
 public:
    enum class Rest {
        leave,  ///< what runs on in the background does so
        kill,
    };

    /// The loop outlives it.
    explicit Leaves(event::Loop& loop) : loop_(loop) {}
    Leaves(const Leaves&) = delete;
    Leaves& operator=(const Leaves&) = delete;

    /// Ends the session, if it has not ended, and removes its cgroup as soon as that is empty.
    /// Never waits for that.
    void take(Session session, Rest rest);

    /// What is still waited for, as sessions without a program: to be handed over to another image
    /// of this program.
    [[nodiscard]] std::vector<const Session*> sessions() const;

 private:
    struct Left {
        Session session;
        os::UniqueFd events;
        event::IoSource source;
    };
    void look(std::list<Left>::iterator left);

    event::Loop& loop_;
    std::list<Left> left_;
};

}  // namespace boxctl::shell
