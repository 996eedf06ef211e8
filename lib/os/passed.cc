// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/passed.h"

#include <algorithm>

#include "lib/base/text.h"

namespace boxctl::os {
namespace {

constexpr uint32_t kMostPassed = 253;  // SCM_MAX_FD of the kernel

std::string value_or_empty(char* (*value_of)(const char*), const char* name) {
    const char* value = value_of(name);
    return value == nullptr ? "" : value;
}

}  // namespace

std::vector<std::string> passed_fd_names(char* (*value_of)(const char*), pid_t self) {
    if (value_or_empty(value_of, "LISTEN_PID") != std::to_string(self)) return {};
    const uint32_t count = parse_u32(value_or_empty(value_of, "LISTEN_FDS")).value_or(0);
    const std::string given = value_or_empty(value_of, "LISTEN_FDNAMES");
    std::vector<std::string> names;
    if (!given.empty()) names = split(given, ':');
    names.resize(std::min(count, kMostPassed), "unknown");
    return names;
}

}  // namespace boxctl::os
