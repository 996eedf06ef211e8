// SPDX-License-Identifier: LGPL-2.1-or-later
// Self check: the child's last look at itself right before exec, so that no hardening step can
// have failed, or been skipped, without anybody noticing (fail closed).
//
// Async-signal-safe, no heap. Works on the text of /proc/self/status (proc_pid_status(5)), read
// through a descriptor that the checking process itself opened, inside its user namespace: "self"
// and the ids shown are fixed by open(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace boxctl::security {

/// The first field that is not as intended; also says that a field is missing or malformed.
enum class Mismatch : uint8_t {
    none,
    status_unreadable,
    no_new_privs,
    seccomp_mode,
    seccomp_filters,
    bounding_set,
    inheritable_set,
    ambient_set,
    effective_set,
    permitted_set,
    groups,
};

/// Static text for messages: "bounding capability set is not as intended".
const char* to_string(Mismatch mismatch) noexcept;

struct ExpectedStatus {
    uint32_t no_new_privs = 0;     ///< 0 or 1
    uint32_t seccomp_mode = 2;     ///< 0 off, 2 filter
    uint32_t seccomp_filters = 0;  ///< those inherited from the launcher plus those loaded
    uint64_t bounding = 0;
    uint64_t inheritable = 0;
    uint64_t ambient = 0;
    uint64_t effective = 0;            ///< also of the permitted set
    const uint32_t* groups = nullptr;  ///< supplementary groups as setgroups(2) got them, ascending
    size_t group_count = 0;
};

/// Compares the whole status text.
Mismatch compare_status(std::string_view text, const ExpectedStatus& expected) noexcept;

/// Reads `status_fd` from its start and compares. The descriptor stays open.
Mismatch check_self(int status_fd, const ExpectedStatus& expected) noexcept;

/// Seccomp_filters of a status text; what the launcher itself was started with. -1: not there.
int read_filter_count(int status_fd) noexcept;

}  // namespace boxctl::security
