// SPDX-License-Identifier: LGPL-2.1-or-later
// Sockets with a name on the host (unix(7)).
#pragma once

#include <string>

#include <sys/socket.h>

#include "lib/os/fd.h"

namespace boxctl::os {

/// Makes a socket at `path` that its owner alone may connect to (0600), in the place of one that is
/// there already, and listens. O_NONBLOCK.
Result<UniqueFd> listen_unix(const std::string& path, int type = SOCK_SEQPACKET);

/// A connection that waits, or none: O_NONBLOCK; EAGAIN when nobody has called.
Result<UniqueFd> accept_unix(BorrowedFd listener);

/// Connects to the socket at `path`. ECONNREFUSED when nobody listens there any more. Waits while
/// too many others do.
Result<UniqueFd> connect_unix(const std::string& path);

/// The same to a SOCK_STREAM one, without waiting: EAGAIN when too many others do. O_NONBLOCK.
Result<UniqueFd> connect_stream(const std::string& path);

/// Who is at the other end of a connection, as of when it was made (SO_PEERCRED).
Result<ucred> peer_of(BorrowedFd connection);

}  // namespace boxctl::os
