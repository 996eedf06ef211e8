// SPDX-License-Identifier: LGPL-2.1-or-later
// FileReader: reads what FileLog keeps, also while it is being written and rotated. Runs with the
// rights of who asks; changes nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/logs/entry.h"
#include "lib/os/fd.h"

namespace boxctl::logs {

/// A line longer than this is told in pieces: memory stays bounded.
constexpr size_t kLongestLine = 64U << 10U;

/// Puts the pieces of a line together again.
class LineJoiner {
 public:
    /// The line that `entry` completes, if it does.
    std::optional<Entry> add(Entry entry);
    /// What stands of an unfinished line.
    [[nodiscard]] bool pending() const { return line_.has_value(); }
    std::optional<Entry> finish() { return std::exchange(line_, std::nullopt); }

 private:
    std::optional<Entry> line_;
};

class FileReader {
 public:
    using Take = std::function<void(Entry)>;

    /// `directory` is the state directory of the machine.
    explicit FileReader(os::UniqueFd directory) : directory_(std::move(directory)) {}

    /// Gives every entry that is there and was not given before, oldest first; the old file on the
    /// first call only. Nothing kept yet is no error. Where the log was rotated twice since, what
    /// is missing is told by an entry of our own.
    Result<void> read(const Take& take);

 private:
    Result<void> start();
    Result<bool> read_piece(const Take& take);
    Result<bool> next_file(const Take& take);
    void take_lines(std::string_view data, const Take& take);

    os::UniqueFd directory_;
    os::UniqueFd file_;
    os::UniqueFd next_;  ///< at the beginning: what follows file_
    bool started_ = false;
    std::string rest_;  ///< of a line that was not there to its end
};

}  // namespace boxctl::logs
