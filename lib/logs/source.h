// SPDX-License-Identifier: LGPL-2.1-or-later
// Source: a kept console, to be read line by line and followed. Runs with the rights of who asks
// (root: the state directory and the journal are closed to others) and changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/logs/entry.h"
#include "lib/os/fd.h"

namespace boxctl::logs {

/// Which lines.
struct Selection {
    uint64_t since = 0;              ///< none older: µs since the epoch
    std::optional<uint64_t> newest;  ///< at most so many of those that are there at the beginning
};

class Source {
 public:
    using Take = std::function<void(const Entry&)>;

    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Gives each line that is there and was not given before, oldest first. Their text is as it
    /// was kept: to be shown by plain_text() or printable() (E3).
    virtual Result<void> read(const Take& take) = 0;
    /// Readable, once read() has been called, when another read() may have something to give.
    [[nodiscard]] virtual os::BorrowedFd changes() const = 0;
    /// The box has ended: gives the rest, also an unfinished line.
    virtual Result<void> finish(const Take& take) = 0;
};

/// What FileLog keeps in `directory`.
Result<std::unique_ptr<Source>> open_file(os::UniqueFd directory, const Selection& selection);

/// What JournalSender gave to the journal in the name of `machine`, in this life of the box and in
/// earlier ones. Only root's entries count: every user may write to the journal.
Result<std::unique_ptr<Source>> open_journal(const std::string& machine,
                                             const Selection& selection);
/// Whether the journal has anything of `machine`.
Result<bool> journal_knows(const std::string& machine);

}  // namespace boxctl::logs
