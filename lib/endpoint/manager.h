// SPDX-License-Identifier: LGPL-2.1-or-later
// Manager: org.freedesktop.systemd1 for a box whose init is not systemd. It does what machinectl,
// systemd-run and systemctl -M need, by starting programs in the box and by asking its init.
//
// Whoever calls is taken for root of the box, no more (peer.h): nothing here acts on the host.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "lib/endpoint/call.h"
#include "lib/endpoint/inside_command.h"
#include "lib/endpoint/services.h"
#include "lib/endpoint/unit.h"
#include "lib/endpoint/unit_view.h"

namespace boxctl::endpoint {

enum class Power { off, reboot };

/// What the manager is told of its box, and asks of it.
struct Box {
    const state::Record* record = nullptr;
    shell::Leaves* leaves = nullptr;  ///< for sessions that are over
    std::function<void(Power)> power;
};

class Manager {
 public:
    /// All three outlive it.
    Manager(event::Loop& loop, const Box& box, const Outlet& outlet);
    ~Manager();
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    /// A call to org.freedesktop.systemd1 or org.freedesktop.login1.
    void handle(Call& call);
    /// The client has left: what was kept for it is forgotten. Its programs go on.
    void forget(uint32_t connection);
    /// Does the connection wait for something, or hold something?
    [[nodiscard]] bool serves(uint32_t connection) const;
    /// The programs that run, and whether one is on its way into the box.
    [[nodiscard]] std::vector<const shell::Session*> sessions() const;
    [[nodiscard]] bool starting() const;
    /// Removes what has ended and nobody refers to; to be called outside of callbacks.
    void sweep();

 private:
    struct Job {
        uint32_t number = 0;
        bool answered = false;     ///< the caller has been told the number
        std::optional<Caller> by;  ///< who asked, until then
    };
    /// A unit with its name on the bus.
    struct Entry {
        std::unique_ptr<Unit> unit;
        std::string invocation;      ///< 16 bytes
        std::set<uint32_t> held_by;  ///< connections that refer to it
        Job job;                     ///< number 0: none
        event::TimerSource again;    ///< a getty that is started anew
        int failures = 0;            ///< of a getty, in a row
        bool respawn = false;
    };
    struct Method;
    static const Method kMethods[];

    void start_transient(Call& call);
    void start_unit(Call& call);
    void stop_unit(Call& call);
    void restart_unit(Call& call);
    void kill_unit(Call& call);
    void get_unit(Call& call);
    void list_units(Call& call);
    void list_by_patterns(Call& call);
    void list_by_names(Call& call);
    void list_jobs(Call& call);
    void unit_processes(Call& call);
    void hold_unit(Call& call);
    void drop_unit(Call& call);
    void acknowledge(Call& call);
    void power_off(Call& call);
    void reboot(Call& call);
    void get_property(Call& call);
    void get_all(Call& call);
    void set_property(Call& call);

    bool call_unit_object(Call& call);
    void start_getty(Call& call, const std::string& name);
    void begin(Call& call, UnitRequest request, bool respawn);
    Result<void> launch(const std::string& name, UnitRequest request,
                        const std::vector<os::UniqueFd>& fds);
    void on_started(const std::string& name, const Result<void>& result);
    void on_changed(const std::string& name);
    void schedule_again(const std::string& name);
    void finish_job(const std::string& name, const char* result);
    void signal_change(const Entry& entry);
    void stop_entry(Call& call, Entry& entry);
    bool may_start(Call& call, const std::string& name);
    void retire(const std::string& name);
    Entry* entry_of(const std::string& name, const Unit& unit);
    void with_properties(Call& call,
                         std::function<void(Call& call, const Properties& properties)> then);
    [[nodiscard]] Properties entry_properties(const Entry& entry) const;
    [[nodiscard]] Properties manager_properties() const;
    Entry* find(const std::string& name);

    /// Services of the box's own init (manager_services.cc).
    using Listed = std::function<void(Call& call, const std::vector<UnitView>& services)>;
    void with_services(Call& call, const Listed& then);
    void act_on_service(Call& call, const std::string& name, ServiceAct act);
    void on_act_done(const Caller& by, uint32_t job, const std::string& name,
                     const Result<os::ExitStatus>& status);
    void run_command(Call& call, const std::vector<std::string>& command, uint64_t patience,
                     InsideCommand::Done done);
    void remove_job(uint32_t number, const std::string& name, const char* result);
    void unit_act(Call& call, ServiceAct act);
    void reload_unit(Call& call);
    void reply_with_job(Call& call, uint32_t number);
    void write_matching(Call& call, std::function<bool(const UnitView&)> wanted);

    event::Loop& loop_;
    const Box& box_;
    const Outlet& outlet_;
    std::map<std::string, Entry> units_;
    std::list<Entry> retired_;  ///< that have lost their name, until they end
    uint32_t next_job_ = 1;
    std::list<std::unique_ptr<InsideCommand>> commands_;
    std::vector<UnitView> services_;  ///< as they were
    uint64_t services_at_ = 0;        ///< then; 0: not known
    double allowance_ = 0;            ///< of programs that may be started now
    uint64_t allowed_at_ = 0;
};

}  // namespace boxctl::endpoint
