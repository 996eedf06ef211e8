// SPDX-License-Identifier: LGPL-2.1-or-later
// A user namespace that only serves to id-map a mount (mount_setattr(2), MOUNT_ATTR_IDMAP).
#pragma once

#include <string>

#include "lib/os/fd.h"

namespace boxctl::os {

/// A namespace with these maps, in the lines of /proc/PID/uid_map: "ON-DISK SHOWN COUNT\n". No
/// process is in it; it lasts as long as the descriptor or the mount. The caller must have one
/// thread and be privileged over both sides of the map.
Result<UniqueFd> make_userns(const std::string& uid_map, const std::string& gid_map);

}  // namespace boxctl::os
