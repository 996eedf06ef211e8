// SPDX-License-Identifier: LGPL-2.1-or-later
// Binds: notes of what `boxctl bind` has mounted in a box that runs, one file each:
//
//     /run/boxctl/NAME/binds/ID     ID is the mount's, as in statx(2), STATX_MNT_ID
//
// A note is written before its mount is put into place, so nothing is ever there without one. It
// proves nothing: whether the mount is still there, the box's own mount table says. Nobody but the
// verbs reads or writes notes, so they outlast every supervisor and its reload; those of an earlier
// life of the box do not count any more, as its mounts are gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/state/record.h"

namespace boxctl::state {

struct BindNote {
    uint64_t id = 0;      ///< os::mount_id(); the kernel uses one again after the mount is gone
    uint64_t serial = 0;  ///< os::unique_mount_id(), never used again; 0 where there are none
    std::string source;   ///< of the host
    std::string target;   ///< in the box, as it was asked for
    std::string place;    ///< in the box, where that led to
    bool read_only = false;
};

/// Text of a note and back. Whatever is missing or malformed is an error naming it. The life of the
/// box that it belongs to is told by PID 1.
std::string to_json(const BindNote& note, const ProcessIdentity& leader);
struct NotedBind {
    BindNote note;
    ProcessIdentity leader;
};
Result<NotedBind> bind_from_json(std::string_view text);

Result<void> note_bind(const Record& box, const BindNote& note);
/// Idempotent.
Result<void> forget_bind(const Record& box, uint64_t id);
/// Removes every note of the box. Idempotent.
Result<void> forget_binds(const std::string& name);
/// Those of this life of the box, sorted by id.
Result<std::vector<BindNote>> noted_binds(const Record& box);

}  // namespace boxctl::state
