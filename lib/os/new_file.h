// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "lib/os/fd.h"

namespace boxctl::os {

/// One write(2) of the whole text to an open file; less than all of it is an error about `path`.
Result<void> write_all(BorrowedFd fd, std::string_view text, const std::string& path);

/// The next contents of a file, written beside it under a temporary name. Nothing shows of them
/// before publish(), and nothing is left of them when they are destroyed without it. Not synced to
/// disk: for files in /run, which no power cut survives anyway.
class NewFile {
 public:
    /// For dir/name, which need not exist. What a killed writer left of the temporary file goes.
    static Result<NewFile> write(BorrowedFd dir, const std::string& name, std::string_view text,
                                 mode_t mode);
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    NewFile(NewFile&&) = default;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();

    /// rename(2): from one moment to the next dir/name is this file.
    Result<void> publish();

 private:
    NewFile(UniqueFd dir, std::string name) : dir_(std::move(dir)), name_(std::move(name)) {}
    [[nodiscard]] std::string temporary() const { return "." + name_ + ".new"; }

    UniqueFd dir_;  ///< invalid once published
    std::string name_;
};

}  // namespace boxctl::os
