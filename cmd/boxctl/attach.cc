// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/attach.h"

#include <cstdlib>

#include <signal.h>

namespace boxctl::cmd {

Result<std::unique_ptr<Attachment>> Attachment::open(event::Loop& loop,
                                                     console::ForwarderConfig config) {
    std::unique_ptr<Attachment> made(new Attachment);
    config.mode = config.input.get() >= 0 ? console::Mode::interactive : console::Mode::read_only;
    if (config.mode == console::Mode::interactive) {
        const char* term = getenv("TERM");
        made->guard_ = BOX_TRY(console::TerminalGuard::raw(config.input, config.output,
                                                           term == nullptr ? "" : term));
    }
    made->forwarder_ = BOX_TRY(console::Forwarder::create(loop, std::move(config)));
    console::Forwarder* forwarder = made->forwarder_.get();
    made->resized_ = BOX_TRY(loop.add_signal(SIGWINCH, [forwarder](const signalfd_siginfo&) {
        // A terminal that went away has no size; the forwarder itself will tell.
        (void)forwarder->resize().has_value();
    }));
    return made;
}

Result<void> Attachment::close() {
    forwarder_->drain();
    return guard_.restore();
}

}  // namespace boxctl::cmd
