// SPDX-License-Identifier: LGPL-2.1-or-later
// Control: the places of the host that hold what commands it: the sockets of boxctl, D-Bus and
// systemd. Whoever may use these from inside a box is not inside one (F10), so a bind that would
// show them has to say that this is meant.
#pragma once

#include <string>

#include "lib/os/fd.h"

namespace boxctl::rootfs {

/// Is `path`, absolute and without links, one of these places, in one or, where mounts below it
/// are bound along, around one? Pure.
bool shows_control(const std::string& path, bool recursive);

/// EPERM when the opened source of a bind does, by whatever name it was opened.
Result<void> refuse_control(os::BorrowedFd source, bool recursive);

}  // namespace boxctl::rootfs
