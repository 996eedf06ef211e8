// SPDX-License-Identifier: LGPL-2.1-or-later
// What a service file says, as a value that never changes once all files are read.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "lib/init/limits.h"

namespace boxctl::init {

enum class ServiceType : uint8_t {
    simple,   ///< ready once it was executed, unless a probe says more
    notify,   ///< ready when it says READY=1 (sd_notify(3))
    oneshot,  ///< ready when it has ended well; what it left behind is killed
    forking,  ///< ready when its first process has ended well; the service is what that left
};

enum class RestartPolicy : uint8_t { no, on_failure, always };

/// What the final end of a service means for the box.
enum class EndPolicy : uint8_t { ignore, stop_box };

/// How to find out whether a service works.
enum class ProbeKind : uint8_t { none, tcp, http, exec, descriptor };

struct Probe {
    ProbeKind kind = ProbeKind::none;
    const char* host = nullptr;      ///< tcp, http: an address, not a name
    const char* path = nullptr;      ///< http
    char* const* command = nullptr;  ///< exec: success is exit status 0
    uint16_t port = 0;               ///< tcp, http
    int descriptor = 0;              ///< descriptor: number in the service; a line on it is "ready"
};

struct Limits {
    uint64_t memory_max = 0;   ///< bytes; 0: none
    uint32_t cpu_percent = 0;  ///< of one processor; 0: none
    uint32_t tasks_max = 0;    ///< processes and threads; 0: none
    uint64_t open_files = 0;   ///< RLIMIT_NOFILE; 0: as inherited
    [[nodiscard]] bool need_cgroup() const {
        return memory_max != 0 || cpu_percent != 0 || tasks_max != 0;
    }
};

struct Identity {
    bool set = false;
    uid_t uid = 0;
    gid_t gid = 0;
    gid_t groups[kMaxGroups] = {};
    uint32_t group_count = 0;
    const char* name = nullptr;
    const char* home = nullptr;
};

struct Service {
    const char* name = nullptr;
    const char* file = nullptr;  ///< where it was read, for messages
    uint32_t line = 0;
    const char* description = nullptr;

    char* const* start = nullptr;    ///< ExecStart
    char* const* stop = nullptr;     ///< ExecStop; null: the stop signal
    const char* pid_file = nullptr;  ///< forking: where the first process leaves the main one's id
    char** environment = nullptr;    ///< NAME=VALUE, on top of box-init's own
    uint32_t environment_count = 0;
    const char* directory = nullptr;
    Identity user;
    Limits limits;

    ServiceType type = ServiceType::simple;
    RestartPolicy restart = RestartPolicy::on_failure;
    EndPolicy on_exit = EndPolicy::ignore;
    EndPolicy on_failure = EndPolicy::ignore;
    bool on_failure_given = false;
    bool restart_given = false;
    bool enabled = true;  ///< started with the box
    uint8_t stop_signal = 15;

    const char* requires_text = nullptr;  ///< names as written, resolved by link_services()
    const char* after_text = nullptr;
    ServiceSet required = 0;  ///< must be ready before; their stop stops this one
    ServiceSet after = 0;     ///< everything to be waited for, the required ones included

    Probe ready;
    Probe health;
    int64_t health_interval = 30000;  ///< milliseconds, like all times here
    int64_t health_timeout = 5000;
    uint32_t health_retries = 3;
    int64_t start_timeout = 90000;
    int64_t stop_timeout = 10000;
    int64_t restart_delay = 100;
    uint32_t start_limit = 5;  ///< failures in start_interval before it is given up
    int64_t start_interval = 60000;
    int64_t period = 0;  ///< oneshot: from one start to the next; 0: runs once
};

/// Every service of the box, in the order in which the files were read.
struct Services {
    Service list[kMaxServices];
    uint32_t count = 0;

    /// Its index, or kMaxServices.
    [[nodiscard]] uint32_t find(const char* name) const;
};

/// A fault in a service file: "FILE:LINE: text".
struct ServiceFault {
    char text[512] = {};
    [[nodiscard]] bool found() const { return text[0] != '\0'; }
};

}  // namespace boxctl::init
