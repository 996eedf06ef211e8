// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages with descriptors between our own processes (SOCK_SEQPACKET, SCM_RIGHTS).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/os/fd.h"

namespace boxctl::os {

constexpr size_t kMaxMessageFds = 16;

struct Received {
    size_t bytes = 0;  ///< 0: the peer is gone
    std::vector<UniqueFd> fds;
};

enum class SocketKind {
    messages,  ///< SOCK_SEQPACKET
    stream,    ///< SOCK_STREAM
};
/// Two connected ends, close-on-exec.
Result<std::pair<UniqueFd, UniqueFd>> make_socket_pair(SocketKind kind = SocketKind::messages);

Result<void> send_message(BorrowedFd socket, std::span<const std::byte> bytes,
                          std::span<const int> fds);
/// Blocks for one message of at most `buffer.size()` bytes; a longer one is an error (EMSGSIZE).
Result<Received> receive_message(BorrowedFd socket, std::span<std::byte> buffer);

}  // namespace boxctl::os
