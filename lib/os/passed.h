// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors that whoever started this program passed to it from number 3 on (sd_listen_fds(3)):
// sockets that wait for connections, and what a service manager kept for us.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace boxctl::os {

constexpr int kFirstPassedFd = 3;  ///< SD_LISTEN_FDS_START

/// The name under which a service manager keeps the pidfd of a box's PID 1 for us (FDNAME).
constexpr const char* kLeaderFdName = "boxctl-leader";

/// Their names in order, the first being that of kFirstPassedFd; "unknown" where none was given.
/// Empty when LISTEN_PID does not say `self`. At most 253 of them: what a message can carry.
std::vector<std::string> passed_fd_names(char* (*value_of)(const char*), pid_t self);

}  // namespace boxctl::os
