// SPDX-License-Identifier: LGPL-2.1-or-later
// A listening socket in the loop: who connects is handed on, one a wake-up.
//
// Who waits while no descriptor or memory is to be had goes on waiting, and would wake the loop for
// ever. The listener rests a second then; meanwhile others wait, too.
#pragma once

#include <functional>
#include <memory>

#include "lib/event/loop.h"

namespace boxctl::event {

class Listener {
 public:
    using Callback = std::function<void(os::UniqueFd connection)>;

    /// Calls back with each connection, close-on-exec and O_NONBLOCK, of whoever made it. `socket`
    /// and `loop` outlive it. `callback` must not destroy it.
    static Result<std::unique_ptr<Listener>> create(Loop& loop, os::BorrowedFd socket,
                                                    Callback callback);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

 private:
    Listener(os::BorrowedFd socket, Callback callback)
            : socket_(socket), callback_(std::move(callback)) {}
    void accept_one();
    void listen(uint32_t events);

    os::BorrowedFd socket_;
    Callback callback_;
    IoSource source_;
    TimerSource rested_;
};

}  // namespace boxctl::event
