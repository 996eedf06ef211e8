// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything the last leg before execve(2) needs, computed before the first clone.
//
// The leg (confine() and execute()) runs as the box's first process, after it has joined all its
// namespaces. It makes system calls on this data and nothing else: no heap, no locale, no stdio.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/plan/plan.h"
#include "lib/security/seccomp.h"
#include "lib/security/self_check.h"

namespace boxctl::launch {

/// Owns the strings and arrays; the pointers stay valid as long as it lives (it does not move).
struct ExecImage {
    std::vector<const char*> candidates;
    std::vector<const char*> arguments;    ///< nullptr-terminated
    std::vector<const char*> environment;  ///< nullptr-terminated
    std::vector<security::ResourceLimit> limits;
    security::CompiledFilters own_filters;      ///< what `filters` and `last_filter` may point to
    std::vector<security::FilterView> filters;  ///< loaded by confine()
    std::optional<security::FilterView> last_filter;  ///< loaded by execute()
    std::vector<gid_t> groups;
    uid_t uid = 0;
    gid_t gid = 0;
    bool no_new_privileges = false;
    uint64_t bounding = 0;   ///< what the box's root can ever have
    uint64_t effective = 0;  ///< what this process starts with
    uint64_t ambient = 0;    ///< what execve(2) leaves a user other than root
    security::ExpectedStatus expected;
};

/// Both plans must outlive the image. The capabilities of a box without a user namespace are cut
/// to those boxctl itself may hand on.
Result<std::unique_ptr<ExecImage>> prepare_exec(const plan::ProcessPlan& process,
                                                const plan::SecurityPlan& security,
                                                bool user_namespace);

/// What went wrong in the leg: which call, and errno.
struct ExecFault {
    const char* what = nullptr;  ///< nullptr: nothing
    int error = 0;
};

/// Gives up everything the box must not have, in an order in which each step is still permitted,
/// and then looks at itself in /proc/self/status: a step that did not take is a fault.
ExecFault confine(const ExecImage& image) noexcept;

/// Loads the last filter and tries the candidates in turn. Returns only when none could be
/// executed; where that filter denies sendmsg(2), nothing can then be reported either.
ExecFault execute(const ExecImage& image) noexcept;

/// What the user is told of it, with exit code 126 or 127.
Error execute_error(const std::string& program, const ExecFault& fault);
Error execute_error(const plan::Plan& plan, const ExecFault& fault);

}  // namespace boxctl::launch
