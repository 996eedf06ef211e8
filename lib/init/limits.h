// SPDX-License-Identifier: LGPL-2.1-or-later
// The limits of a supervisor that never allocates. Each is documented in box-init(8); a service
// file that needs more is refused when it is read, with file and line.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace boxctl::init {

constexpr size_t kMaxServices = 64;          ///< one bit each in a ServiceSet
constexpr size_t kMaxServiceName = 48;       ///< bytes
constexpr size_t kMaxServiceFile = 65536;    ///< bytes of one file
constexpr size_t kMaxServiceText = 262144;   ///< bytes of all names, words and variables
constexpr size_t kMaxWords = 256;            ///< words of one command, and variables of a service
constexpr size_t kMaxGroups = 32;            ///< groups of a service's user
constexpr size_t kMaxServiceLine = 4096;     ///< bytes of one line of a file, continued ones too
constexpr size_t kLogLine = 2048;            ///< a longer line of output is broken here
constexpr size_t kLogKept = 8192;            ///< bytes of output kept for `logs`, each service
constexpr size_t kMaxControlClients = 8;     ///< control connections at a time
constexpr size_t kMaxControlRequest = 128;   ///< bytes of a request
constexpr uint32_t kMaxSeconds = 1000000;    ///< longest time that can be given
constexpr int64_t kMaxRestartDelay = 60000;  ///< milliseconds between two starts, at most

/// One bit a service, by index.
using ServiceSet = uint64_t;

constexpr ServiceSet bit_of(size_t index) {
    return ServiceSet{1} << index;
}

constexpr uint32_t count_of(ServiceSet set) {
    uint32_t count = 0;
    for (; set != 0; set &= set - 1)
        ++count;
    return count;
}

}  // namespace boxctl::init
