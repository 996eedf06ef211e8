// SPDX-License-Identifier: LGPL-2.1-or-later
// State: what the verbs know of running boxes.
//
//     /run/boxctl/NAME/state.json   one record, replaced as a whole
//     /run/boxctl/NAME/control      socket of its supervisor (control.h)
//     /run/boxctl/NAME/propagate/   host mounts below it reach the box
//     /run/boxctl/.failed/NAME      why its last start failed (failure.h)
//     /run/boxctl/.locks/NAME       locked by the supervisor for as long as it lives
//     /run/boxctl/.locks/inode-D:I  locked while a box uses the tree with that inode
//     /run/boxctl/.uid/BASE         locked while a box has the ids from BASE on
//     /run/boxctl/.uid/.look        which ids others had a moment ago (userns/live_maps.h)
//
// Only the lock says that a box runs: a killed supervisor holds none, and its record is then just
// litter that the next start or 'boxctl cleanup' removes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/os/fd.h"
#include "lib/os/lock.h"
#include "lib/os/new_file.h"

namespace boxctl::state {

constexpr const char* kDirectory = "/run/boxctl";

/// A process that cannot be taken for another one: pids are reused, start times are not.
struct ProcessIdentity {
    pid_t pid = 0;
    uint64_t start_time = 0;  ///< os::start_time()
};

/// How a running box is asked to do something: a signal for its PID 1 or a command inside.
struct Request {
    int signal = 0;
    std::vector<std::string> command;
};

constexpr uint32_t kNoTimeout = UINT32_MAX;

struct Record {
    std::string name;
    std::string mode;   ///< "boot" or "run"
    std::string phase;  ///< "starting", "running", "stopping"
    std::string root;   ///< the tree
    std::string uuid;
    std::string init;  ///< what runs as PID 1: path or command
    std::string init_kind;
    bool contained = true;
    bool user_namespace = true;
    bool map_owners = true;     ///< owners on disk are the box's ids, and so are those of binds
    uint64_t namespaces = 0;    ///< CLONE_NEW* that the box has of its own
    uint64_t capabilities = 0;  ///< mask of what its root may have
    bool no_new_privileges = false;
    std::vector<std::string>
            system_calls;          ///< changes to the filter, as --system-call-filter takes
    std::string address_families;  ///< as --restrict-address-families takes them; empty: default
    uint32_t id_base = 0;
    uint32_t id_count = 0;
    ProcessIdentity supervisor;
    ProcessIdentity leader;
    uint64_t started = 0;                        ///< seconds since the epoch
    std::string cgroup;                          ///< directory of the box, empty: none
    bool devices_restricted = false;             ///< by a program of ours (cgroup/devices.h)
    std::string unit;                            ///< scope made for the box, empty: none
    std::string console;                         ///< "interactive", "read-only", "passive", "pipe"
    std::string log = "none";                    ///< who keeps it: "file", "journal", "none"
    int console_output = 1;                      ///< standard descriptor that shows it: 1 or 2
    std::vector<std::pair<int, int>> terminals;  ///< terminal index, descriptor in the supervisor
    std::string host_link;                       ///< our end of its virtual cable, empty: none
    Request poweroff;
    Request reboot;
    std::string registration = "no";     ///< with machined: "no", "if-possible", "required"
    std::string ready_rule = "started";  ///< as --ready takes it
    bool ready = true;                   ///< by that rule
    std::string status;                  ///< what PID 1 last said of itself, printable
    uint32_t stop_timeout = 30;          ///< seconds between asking and killing
    uint32_t reloads = 0;        ///< attempts to put another image in the supervisor's place
    std::string reload_failure;  ///< of the last one; empty: it succeeded
    std::vector<std::string> notes;
};

/// Text of state.json and back. Whatever is missing or malformed is an error naming it.
std::string to_json(const Record& record);
Result<Record> from_json(std::string_view text);

/// Makes /run/boxctl and its lock directories (0700, root's); an error if somebody else owns them.
Result<void> make_directories();
/// Opens, after making it, the directory of one machine.
Result<os::UniqueFd> make_machine_directory(const std::string& name);
/// Opens it where it is; ENOENT when nothing is left of that machine.
Result<os::UniqueFd> open_machine_directory(const std::string& name);

Result<void> write(const Record& record);
/// The same, but nobody sees it before it is published.
Result<os::NewFile> prepare(const Record& record);
/// ENOENT when there is no record of that name.
Result<Record> read(const std::string& name);
/// Names that have a directory, sorted; also those whose supervisor is gone.
Result<std::vector<std::string>> names();

/// Locked by who reads terminal `index` of the machine (0: its console) from outside.
std::string attach_lock_path(const std::string& name, int index);

std::string name_lock_path(const std::string& name);
/// True while the supervisor of `name` lives.
bool is_running(const std::string& name);

/// Removes the directory of `name` and everything in it. Idempotent.
Result<void> remove(const std::string& name);

/// A pidfd of the process, after making sure that it still is that one; ESRCH when it is not.
Result<os::UniqueFd> open_process(const ProcessIdentity& identity);

}  // namespace boxctl::state
