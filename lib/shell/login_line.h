// SPDX-License-Identifier: LGPL-2.1-or-later
// Login line: as which terminal login(1) sees the one it is started on.
//
// Where a box has /etc/securetty, root can log in only on the terminals in it (securetty(5)). Those
// of `machinectl login` have other names each time, so none is in there, and root, who typed the
// right password, hears "Login incorrect". But what the host's root connects to is as local as the
// console. So login gets it as /dev/console, if that may be used by root: in a copy of the box's
// mounts, which differs from them in nothing else and goes with the session. What is mounted in the
// session is seen in the box, and the other way round (shared mounts).
#pragma once

#include <string>
#include <string_view>

#include "lib/os/fd.h"

namespace boxctl::shell {

/// Is `name` ("pts/3", "console") in the text of a securetty file? Pure.
bool may_log_in(std::string_view securetty, std::string_view name);

/// The path by which the terminal `line` ("/dev/pts/3") is to be opened for a login. The caller is
/// in the box as its root, and may be on mounts of its own afterwards.
Result<std::string> make_login_line(const std::string& line);

}  // namespace boxctl::shell
