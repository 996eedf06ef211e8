// SPDX-License-Identifier: LGPL-2.1-or-later
// passwd(5) and group(5) of a box: pure functions from text to values, with none of NSS, which
// would load the box's libraries into a privileged process (security.md: A5).
//
// A user is found by strict rules: a string of digits is a number and never a name, so that a line
// "1000:x:0:0:…" cannot turn -u 1000 into root; a number that does not fit 32 bits, or is the
// invalid id 4294967295, is an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/host/facts.h"

namespace boxctl::host {

/// What is read of passwd and group; a longer file is an error (EFBIG), never read in part: a
/// lookup in half a file would find the wrong line.
constexpr size_t kPasswdLimit = 8U << 20U;
/// Group of a numeric user that passwd does not list: nobody's. Group 0 would be a privilege.
constexpr gid_t kNoGroup = 65534;
/// setgroups(2) takes no more (NGROUPS_MAX).
constexpr size_t kMaxGroups = 65536;

/// Views into the line.
struct PasswdEntry {
    std::string_view name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::string_view home;
    std::string_view shell;
};

struct GroupEntry {
    std::string_view name;
    gid_t gid = 0;
    std::string_view members;  ///< separated by commas
};

/// A line without its end; nullopt when it is not seven (four) fields with valid ids.
std::optional<PasswdEntry> parse_passwd_line(std::string_view line);
std::optional<GroupEntry> parse_group_line(std::string_view line);

/// The user `wanted` (name or number) as the two files describe it. Errors: empty, a number out of
/// range, a name that `passwd` does not hold. `root` and 0 exist without any passwd. Whether the
/// ids are mapped in the box is for the caller to check.
Result<UserEntry> find_user(std::string_view passwd, std::string_view group,
                            std::string_view wanted);

}  // namespace boxctl::host
