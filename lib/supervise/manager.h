// SPDX-License-Identifier: LGPL-2.1-or-later
// Manager: the service manager that runs this boxctl as a unit, if one does (sd_notify(3)).
//
// It is told what is the case, not what happened: each message repeats all of it, so that of one
// that the manager had no room for nothing is lost. The supervisor never waits for it.
//
// The manager also keeps the pidfd of the box's PID 1 for us (FDSTORE). If this process dies, its
// next start is given that descriptor and can still read how PID 1 ended (Linux 6.15).
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"

namespace boxctl::supervise {

class Manager {
 public:
    /// What the manager has put into our environment.
    struct Address {
        std::string socket;     ///< NOTIFY_SOCKET: a path, or '@' and an abstract name; empty: none
        uint64_t watchdog = 0;  ///< WATCHDOG_USEC if it is for this process; 0: none
        /// FDSTORE is not 0: it keeps descriptors for us. systemd sets that since 254, the units of
        /// boxctl themselves. To any other it would be an excess, worth a warning each.
        bool keeps_descriptors = false;
    };
    /// `value_of` is getenv(3).
    static Address read_address(char* (*value_of)(const char*), pid_t self);

    /// Nobody is told anything where there is no socket, or one of a kind that is not known here.
    explicit Manager(const Address& address);
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    /// There is no box any more: gives the stored descriptor up. Waits a second at most.
    ~Manager();

    /// From here on `loop` sends again what did not get through, and tells twice in each watchdog
    /// time that it turns. Until detach(), which comes before the end of the loop.
    void attach(event::Loop& loop);
    void detach();

    // What is the case; tell() says it.

    /// A box lives, this is its PID 1.
    void set_leader(pid_t leader, os::BorrowedFd pidfd);
    void set_ready();
    /// One line of printable text.
    void set_status(const std::string& status) { status_ = status; }
    /// An errno value that the box reports.
    void set_error(int error) { error_ = error; }
    void set_stopping() { stopping_ = true; }
    /// We go on as another program image; the end of that is set_ready().
    void set_reloading() { reloading_ = event::now_us(); }

    /// Sends all of it, if the manager does not know it already.
    void tell();

 private:
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool send(const std::string& text, int fd) const;

    os::UniqueFd socket_;
    uint64_t watchdog_ = 0;
    bool keeps_descriptors_ = false;
    pid_t leader_ = 0;
    bool forget_ = false;  ///< a descriptor may be kept that is to go
    os::UniqueFd stored_;  ///< what is still to be handed over
    bool ready_ = false;
    bool stopping_ = false;
    uint64_t reloading_ = 0;  ///< since when (CLOCK_MONOTONIC, µs); 0: not
    int error_ = 0;
    std::string status_;
    std::string told_;
    event::TimerSource watchdog_timer_;
    event::TimerSource retry_;
};

/// How the box of a supervisor that was killed ended, from the descriptor that the manager kept
/// (LISTEN_FDS, LISTEN_FDNAMES); empty when there is none, or none that tells. One sentence. The
/// descriptor is closed, and given up at the manager by the end of a Manager or the next
/// set_leader().
std::string former_end(char* (*value_of)(const char*), pid_t self);

}  // namespace boxctl::supervise
