// SPDX-License-Identifier: LGPL-2.1-or-later
// Instance: lets systemd's own tools control the machine, by the Varlink interface
// io.systemd.MachineInstance at /run/boxctl/NAME/instance.
//
// machinectl of systemd 261 and newer asks there for power off, reboot, terminate, pause and resume
// when the machine was registered with that address; the older ones send signals to its leader.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/os/fd.h"
#include "lib/state/record.h"
#include "lib/varlink/server.h"

namespace boxctl::supervise {

class Instance {
 public:
    struct Hooks {
        std::function<void()> terminate;
        std::function<void()> power_off;
        std::function<void()> reboot;
    };
    static constexpr uint64_t kFreezeTime = 5 * event::kSecond;

    /// The loop and the record outlive it.
    static Result<std::unique_ptr<Instance>> create(event::Loop& loop, const state::Record& record,
                                                    Hooks hooks);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }

 private:
    using Ticket = varlink::Server::Ticket;
    struct Method;
    static const Method kMethods[];

    Instance(event::Loop& loop, const state::Record& record, Hooks hooks);
    void on_call(Ticket ticket, const varlink::Call& call);
    void terminate(Ticket ticket, const varlink::Call& call);
    void power_off(Ticket ticket, const varlink::Call& call);
    void reboot(Ticket ticket, const varlink::Call& call);
    void pause(Ticket ticket, const varlink::Call& call);
    void resume(Ticket ticket, const varlink::Call& call);
    void describe(Ticket ticket, const varlink::Call& call);
    void subscribe(Ticket ticket, const varlink::Call& call);
    void refuse(Ticket ticket, const varlink::Call& call);

    Result<os::UniqueFd> open_cgroup() const;
    void look_at_pause();
    void end_pause(const varlink::Reply& reply);
    void tell(const char* event);

    event::Loop& loop_;
    const state::Record& record_;
    Hooks hooks_;
    std::string address_;
    std::unique_ptr<varlink::Server> server_;
    struct Subscriber {
        Ticket ticket;
        std::vector<std::string> wanted;  ///< events; none: all
    };
    std::vector<Subscriber> subscribers_;
    std::vector<Ticket> pausing_;  ///< who waits until all stand still
    uint64_t pause_deadline_ = 0;
    event::TimerSource look_;
};

}  // namespace boxctl::supervise
