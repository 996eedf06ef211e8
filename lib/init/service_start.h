// SPDX-License-Identifier: LGPL-2.1-or-later
// Making a process of a service: prepared data in, a process or an errno out.
#pragma once

#include <sys/types.h>

#include "lib/init/service.h"
#include "lib/init/service_cgroup.h"
#include "lib/init/signals.h"

namespace boxctl::init {

/// The environments of one service, built once. `for_stop` begins with MAINPID, which the others
/// lack.
struct Environment {
    char** for_stop = nullptr;
    char* main_pid = nullptr;  ///< the digits behind "MAINPID="; room for kPidDigits
    static constexpr size_t kPidDigits = 10;

    [[nodiscard]] char** plain() const { return for_stop + 1; }
    void set_main(pid_t pid) const;
};

/// box-init's own variables without those that concern box-init alone, then NOTIFY_SOCKET (unless
/// `notify` is null), what the user implies, and the service's own. False when it does not fit.
bool build_environment(const Service& service, char* const* own, const char* notify,
                       Environment& environment);

struct Launch {
    const Service* service = nullptr;
    char* const* command = nullptr;
    char** environment = nullptr;
    const InheritedSignals* signals = nullptr;
    int log = -1;         ///< standard output and error
    Leaf leaf;            ///< its cgroup, if there is one
    int ready_pipe = -1;  ///< write end that becomes ready_number; or -1
    int ready_number = -1;
};

struct Launched {
    pid_t pid = 0;               ///< 0: none was made
    const char* what = nullptr;  ///< what failed; null: it runs
    int error = 0;
};

/// Starts the command in a session of its own. Returns after its exec (vfork(2)); a process that
/// could not be executed has ended already and has to be reaped like any other.
Launched launch(const Launch& request);

}  // namespace boxctl::init
