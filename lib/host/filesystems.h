// SPDX-License-Identifier: LGPL-2.1-or-later
// File system types by their statfs(2) magic number.
#pragma once

#include <cstdint>
#include <string>

namespace boxctl::host {

/// "ext4", "overlay"; "type 0x1234" for one that is not in the table.
std::string filesystem_name(uint64_t magic);

/// Whether mounts of the type can carry an id map (mount_setattr(2), FS_ALLOW_IDMAP). True for a
/// type that is not in the table: the kernel's answer to the real call is the final word, this one
/// only lets the plan say beforehand what is known not to work.
bool filesystem_can_idmap(uint64_t magic);

}  // namespace boxctl::host
