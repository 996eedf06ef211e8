// SPDX-License-Identifier: LGPL-2.1-or-later
// Target: the running box as the kernel shows it, compared with its record. Host side only.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/host/facts.h"
#include "lib/os/fd.h"
#include "lib/security/rlimits.h"
#include "lib/state/record.h"

namespace boxctl::shell {

struct Target {
    os::UniqueFd leader;                          ///< pidfd of the box's PID 1
    int namespaces = 0;                           ///< CLONE_NEW* to join
    std::vector<security::ResourceLimit> limits;  ///< the leader's own
};

/// Opens the leader of the box and makes sure that it is the one recorded, and that each namespace
/// the box is said to have of its own is not the caller's (A10).
Result<Target> open_target(const state::Record& box);

/// What went wrong with a box that has ended meanwhile went wrong because of that: then the error
/// says so instead of `done`'s.
Result<void> unless_ended(Result<void> done, const state::Record& box, const Target& target);

/// `user` (name or number, empty: root) by the box's own passwd and group files. An error when the
/// ids do not exist in the box. May wait for a file system that the box serves itself.
Result<host::UserEntry> find_user(const state::Record& box, const Target& target,
                                  const std::string& user);

}  // namespace boxctl::shell
