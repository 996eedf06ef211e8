// SPDX-License-Identifier: LGPL-2.1-or-later
// Registration: has systemd-machined know the machine for as long as it runs.
//
// machined knows a machine by its leader, a process that machinectl enters the box through. The
// supervisor never waits for it: every call is answered in the loop. Whoever restarts machined or
// the bus finds the machine registered again.
//
// systemd 261 and newer can be told where the machine is controlled (instance.h), by its Varlink
// service alone. Where that is not there or does not know of it, D-Bus does.
//
// What is there under our name already:
//
//     its leader is ours     we or an earlier image of this program did it (reload); where another
//                            process stands for the machine now, replaced
//     its leader is dead     of a former life, or of a supervisor that was killed: replaced
//     its leader lives       somebody else's machine: stays, and that is an error
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <sys/signalfd.h>
#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/bus/machine1.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"
#include "lib/supervise/pauses.h"
#include "lib/varlink/client.h"

namespace boxctl::supervise {

class Registration {
 public:
    /// Called whenever machined does not take the machine. It is tried again, less and less often
    /// (pauses.h), for as long as the machine runs; a bus that cannot be reached is no such
    /// failure.
    using Failed = std::function<void(const Error& why)>;

    /// The path of the socket where the machine is controlled, made when it is asked for first.
    using ControlAddress = std::function<Result<std::string>()>;

    /// The loop outlives it. `machine.leader` is not looked at. `bus` is the socket of the system
    /// bus.
    Registration(event::Loop& loop, bus::MachineRequest machine, ControlAddress control,
                 Failed failed, std::string bus = bus::kSystemBus);
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    /// machined forgets the machine.
    ~Registration();

    /// From now on the machine has this leader, a child of ours that is not reaped before
    /// drop_leader() or the next one is set.
    void set_leader(pid_t leader);
    /// It has ended, and its number may be another process's from now on. Whom machined still has
    /// is replaced by the next leader.
    void drop_leader();

    /// machined 262 sends SIGTERM to who registered a machine when its leader has died. Is this
    /// signal of that kind, and not somebody's wish (machinectl terminate)?
    [[nodiscard]] bool is_echo(const signalfd_siginfo& signal) const;

 private:
    Result<void> hold_leader();
    Result<void> connect();
    void begin();
    void begin_in(uint64_t pause);
    void begin_later();
    void register_on_bus();
    Result<void> register_with_control();
    void on_registered_with_control(Result<varlink::Reply> reply);
    void on_registered(Result<bus::Message> answer);
    void find();
    void on_found(Result<bus::Message> answer);
    void on_leader(Result<bus::Message> answer);
    void replace();
    void on_lost();
    void fail(const Error& why);
    void send(Result<bus::Message> call, bus::Connection::Answer answer);

    event::Loop& loop_;
    bus::MachineRequest machine_;
    ControlAddress control_;
    Failed failed_;
    std::string bus_;
    os::UniqueFd leader_;  ///< pidfd of machine_.leader, which is 0 where there is none
    std::unique_ptr<bus::Connection> connection_;
    bus::Slot started_;                              ///< another machined
    bus::Slot removed_;                              ///< it has forgotten the machine
    bus::Slot step_;                                 ///< the call that is being waited for
    std::unique_ptr<varlink::Client> control_step_;  ///< or this one
    event::TimerSource again_;
    Pauses pauses_;  ///< between two attempts after a failure
    int replacements_ = 0;
    bool waits_ = false;         ///< for the answer of step_
    bool registered_ = false;    ///< and seen to be
    bool takes_control_ = true;  ///< this machined, as far as we know
};

}  // namespace boxctl::supervise
