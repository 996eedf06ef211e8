// SPDX-License-Identifier: LGPL-2.1-or-later
// FileLog: the kept console of a box in its state directory, console.log and, older, console.log.1.
// Written by whoever looks after the box, with its rights (root). It never grows beyond two files
// of kMostLogBytes and never blocks: the directory is on a tmpfs. A full one costs output, which is
// counted and told in the log once there is room again, but not the box.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/os/fd.h"

namespace boxctl::logs {

constexpr const char* kLogName = "console.log";
constexpr const char* kOldLogName = "console.log.1";
constexpr size_t kMostLogBytes = 1U << 20U;  ///< of each of the two files

class FileLog {
 public:
    /// In `directory`, which only root may write to. The file is made at the first entry; one that
    /// is there is continued.
    explicit FileLog(os::UniqueFd directory) : directory_(std::move(directory)) {}

    /// Appends one or more entries (append_entry()), together at most kMostLogBytes, of which
    /// `bytes` came from the box. Whole or not at all.
    Result<void> append(std::string_view entries, size_t bytes);

 private:
    Result<void> open();
    Result<void> rotate();
    Result<void> write(std::string_view entries);

    os::UniqueFd directory_;
    os::UniqueFd file_;
    size_t size_ = 0;
    uint64_t lost_ = 0;  ///< bytes of the box since the last entry
};

}  // namespace boxctl::logs
