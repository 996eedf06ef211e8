// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/console/line_splitter.h"
#include "lib/console/tap.h"
#include "lib/event/loop.h"
#include "lib/logs/file_log.h"
#include "lib/logs/journal_sender.h"
#include "lib/state/record.h"

namespace boxctl::supervise {

/// Keeps what the box writes on its console, as its record says: in the state directory, and also
/// in the journal. The box never waits for it.
class LogKeeper {
 public:
    /// None where nothing is to be kept. `loop` and `tap` outlive it.
    static Result<std::unique_ptr<LogKeeper>> open(event::Loop& loop, console::Tap& tap,
                                                   const state::Record& record);
    LogKeeper(const LogKeeper&) = delete;
    LogKeeper& operator=(const LogKeeper&) = delete;

    /// The box has ended: an unfinished line is kept as well.
    void finish();

 private:
    LogKeeper(event::Loop& loop, const state::Record& record, os::UniqueFd directory);
    void take(std::span<const char> data);
    void flush();
    void append(const std::string& entries, size_t bytes);

    std::string machine_;
    logs::FileLog file_;
    console::LineSplitter lines_;
    std::optional<logs::JournalSender> journal_;
    event::TimerSource pause_;  ///< what stands of a line then, a prompt, is kept too
    bool waits_ = false;        ///< pause_ is armed
    bool complained_ = false;
    console::Tap::Hold hold_;
};

}  // namespace boxctl::supervise
