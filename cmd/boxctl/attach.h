// SPDX-License-Identifier: LGPL-2.1-or-later
// Attach: the caller's terminal on a terminal of a box, until one of the two goes away.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/result.h"
#include "lib/console/forwarder.h"
#include "lib/console/terminal_guard.h"
#include "lib/event/loop.h"
#include "lib/event/signal_mask.h"

namespace boxctl::cmd {

class Attachment {
 public:
    /// `config` says between what and what; its mode follows from whether there is an input. Its
    /// descriptors stay open as long as this lives.
    static Result<std::unique_ptr<Attachment>> open(event::Loop& loop,
                                                    console::ForwarderConfig config);
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

    /// What was written last still comes; then the caller has its terminal back.
    Result<void> close();
    /// What the caller's terminal was lost by, if it was.
    [[nodiscard]] const std::optional<Error>& failure() const { return forwarder_->failure(); }

 private:
    Attachment() = default;

    console::TerminalGuard guard_;
    event::Source resized_;
    std::unique_ptr<console::Forwarder> forwarder_;
};

}  // namespace boxctl::cmd
