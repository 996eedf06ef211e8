// SPDX-License-Identifier: LGPL-2.1-or-later
// Notify: what a box says of itself on /run/host/notify, in the language of sd_notify(3).
//
// Everything on that socket is hostile (F8). Only PID 1 is listened to, to a few words of its, at a
// bounded rate; nobody is told anything in its name but what is in a Notice. Whoever is root in the
// box can have a message look as if PID 1 had sent it (unix(7), SCM_CREDENTIALS; what SO_PASSPIDFD
// gives follows the forged pid): root in the box and its PID 1 are one party.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"

namespace boxctl::supervise {

struct Notice {
    bool ready = false;
    bool stopping = false;
    std::optional<std::string> status;  ///< printable; of kLongestStatus bytes and escapes for them
    std::optional<int> error;           ///< an errno value

    bool operator==(const Notice&) const = default;
};

constexpr size_t kLongestStatus = 256;

/// READY=1, STOPPING=1, STATUS=, ERRNO=; of a datagram of lines NAME=VALUE. Everything else, what
/// would have the manager do something for the box before all (MAINPID, FDSTORE, EXTEND_TIMEOUT…),
/// is as if it was not there.
Notice parse_notice(std::string_view datagram);

class NotifySocket {
 public:
    using Callback = std::function<void(const Notice&)>;

    /// Most datagrams taken in a second; who sends more waits.
    static constexpr unsigned kMostPerSecond = 200;

    /// `socket` has SO_PASSCRED set and outlives the object. `leader` is a child that is not reaped
    /// as long, so that its pid names nobody else. Must not be destroyed by its own callback.
    static Result<std::unique_ptr<NotifySocket>> watch(event::Loop& loop, os::BorrowedFd socket,
                                                       pid_t leader, Callback callback);
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

 private:
    NotifySocket(os::BorrowedFd socket, pid_t leader, Callback callback)
            : socket_(socket), leader_(leader), callback_(std::move(callback)) {}
    void receive();
    void slow_down();

    os::BorrowedFd socket_;
    pid_t leader_;
    Callback callback_;
    uint64_t second_ = 0;  ///< when the one that is counted began
    unsigned count_ = 0;
    event::IoSource source_;
    event::TimerSource resume_;
};

}  // namespace boxctl::supervise
