// SPDX-License-Identifier: LGPL-2.1-or-later
// The plan: everything a boot will do, as one plain value.
//
// make_plan() is pure: the same settings and facts give the same plan, which --dry-run prints and
// golden tests compare. The launcher does nothing that is not in it. What only the moment can
// tell (a free id range, random numbers, descriptors) is named here and filled in by the launch.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/cgroup/device_plan.h"
#include "lib/cgroup/plan.h"
#include "lib/host/facts.h"
#include "lib/net/plan.h"
#include "lib/plan/init_kinds.h"
#include "lib/rootfs/plan.h"
#include "lib/security/call_filter.h"
#include "lib/security/rlimits.h"
#include "lib/settings/settings.h"
#include "lib/userns/ids.h"

namespace boxctl::plan {

/// Namespaces the box has of its own; the mount and PID namespaces always are.
struct NamespacePlan {
    bool user = true;
    bool network = true;
    bool ipc = true;
    bool uts = true;
    bool cgroup = true;
    bool time = true;
    bool clocks_from_zero = true;  ///< monotonic and boot time start at the box's birth

    /// All of them as CLONE_NEW* bits.
    [[nodiscard]] uint64_t flags() const;
};

struct ProcessPlan {
    std::vector<std::string> candidates;   ///< absolute paths tried in turn
    std::vector<std::string> arguments;    ///< argv, the name first
    std::vector<std::string> environment;  ///< NAME=VALUE
    std::string directory = "/";
    host::UserEntry user;
    std::vector<std::string> passed_fds = {};  ///< names of those it has from 3 on (LISTEN_FDS)
    std::optional<int> oom_score_adjust = {};  ///< proc_pid_oom_score_adj(5)
    std::vector<uint32_t> processors = {};     ///< sched_setaffinity(2); empty: all that boxctl has
    std::optional<unsigned long> personality = {};  ///< personality(2)
};

struct SecurityPlan {
    uint64_t capabilities = 0;
    bool no_new_privileges = false;
    std::vector<security::ResourceLimit> limits;
    uint64_t ambient = 0;  ///< what a user other than root starts with
    bool suppress_sync = false;
    security::CallWishes calls = {};                     ///< changes to the default filter
    std::optional<std::vector<uint32_t>> families = {};  ///< of sockets; none: the default ones

    /// Whether its filter is compiled when it starts.
    [[nodiscard]] bool has_own_filter() const { return !calls.empty() || families.has_value(); }
    /// For a box that keeps `kept` of the capabilities.
    [[nodiscard]] Result<security::CompiledFilters> own_filters(uint64_t kept) const;
};

enum class ConsoleMode { interactive, read_only, passive, pipe };

/// Where what the box writes on its console is kept for `boxctl logs`.
enum class ConsoleLog {
    none,     ///< somebody sits there, or it goes to descriptors that the box was given
    file,     ///< in the state directory
    journal,  ///< in the journal of the host, and the end of it in the state directory
};

struct ConsolePlan {
    ConsoleMode mode = ConsoleMode::interactive;
    ConsoleLog log = ConsoleLog::none;
    bool terminal = true;  ///< the box has a console of ours, /dev/console
    /// Which of the caller's standard descriptors the box gets as they are (pipe). Never a
    /// terminal: input could be pushed into it (TIOCSTI).
    std::array<bool, 3> passed = {false, false, false};
    std::vector<int> ttys;  ///< further terminals /dev/ttyN that wait for somebody to attach
};

struct StopPlan {
    host::InitKind kind = host::InitKind::unknown;
    InitRequest poweroff;
    InitRequest reboot;
    uint32_t timeout = 30;  ///< seconds until everything is killed
};

/// The lock on a tree, by its device and inode.
std::string root_lock_path(uint64_t device, uint64_t inode);

/// What must not be used by two boxes at once.
struct RootLock {
    std::string path;     ///< of the lock file
    bool shared = false;  ///< the tree is not written to
};

/// Is systemd-machined told of the machine?
enum class Registration {
    no,
    if_possible,  ///< a failure is said once
    required,     ///< no machine without it
};
const char* to_string(Registration registration);

struct Plan {
    settings::Mode mode = settings::Mode::boot;
    std::string name;
    std::string uuid;      ///< 32 hex digits
    std::string hostname;  ///< empty: the host's UTS namespace is shared
    bool quiet = false;
    bool keep_unit = false;
    Registration registration = Registration::no;
    userns::IdPlan ids;
    NamespacePlan namespaces;
    rootfs::MountPlan mounts;
    net::NetPlan network;
    cgroup::CgroupPlan cgroup;
    cgroup::DevicePlan devices;
    ProcessPlan process;
    SecurityPlan security;
    ConsolePlan console;
    StopPlan stop;
    settings::ReadyRule ready;  ///< never automatic
    RootLock lock;
    std::string propagation;         ///< host directory whose mounts reach the box; empty: none
    bool share_propagation = false;  ///< it has to be made a shared mount first
    std::vector<std::string> from_files;  ///< values that files of settings have set, for people
    std::vector<std::string> notes;       ///< what the box goes without, one sentence each

    [[nodiscard]] bool contained() const { return ids.contained(); }
};

Result<Plan> make_plan(const settings::Settings& wanted, const host::HostFacts& have,
                       const host::RootFacts& root);

/// The machine name that the settings ask for: --machine, else the root directory's name with what
/// no machine name may hold left out. A throw-away copy gets random digits behind it; one of a tree
/// called "rootfs" is named after the directory above.
Result<std::string> machine_name(const settings::Settings& wanted, const std::string& root_path,
                                 const std::string& fresh_id);

/// Stable text, one line a fact; what --dry-run prints.
std::string print_plan(const Plan& plan);
/// The same as JSON text.
std::string print_plan_json(const Plan& plan);

const char* to_string(ConsoleMode mode);
const char* to_string(ConsoleLog log);

/// Where boxctl keeps what it knows of running boxes.
constexpr const char* kStateDirectory = "/run/boxctl";

}  // namespace boxctl::plan
