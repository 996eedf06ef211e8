// SPDX-License-Identifier: LGPL-2.1-or-later
// Mount map: by what the mounts of a box are id-mapped. Not by the box's own user namespace: one
// more owner has to exist on them.
//
// Whoever makes a file on an id-mapped mount needs an owner for it there, or the kernel refuses
// (EOVERFLOW). A tool of the host that brings files into a box, as `machinectl copy-to` does, makes
// them as the host's root first and gives them to the box's root then. So the host's root is mapped
// as well: to an id on disk that nothing uses, the one that systemd sets aside for this
// ("UID_MAPPED_ROOT", https://systemd.io/UIDS-GIDS). No process of a box can have or give that id:
// it is not in the box's user namespace, where such a file belongs to nobody.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::userns {

/// What the host's root owns on a mount of a box is this id's on disk.
constexpr uint32_t kHostRootOnDisk = 2147483646;

/// Lines "ON-DISK SHOWN COUNT": ids 0…count-1 on disk are `base`… on the mount, and the host's
/// root.
std::string mount_map_lines(uint32_t base, uint32_t count);

/// A user namespace with that map (os/userns.h).
Result<os::UniqueFd> make_mount_map(uint32_t base, uint32_t count);

}  // namespace boxctl::userns
