// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/console_view.h"

#include <cstdlib>

#include <unistd.h>

#include "lib/base/log.h"
#include "lib/os/lock.h"
#include "lib/os/process.h"
#include "lib/plan/plan.h"

namespace boxctl::supervise {
namespace {

/// With pipes the console is what remains: input only if there is a keyboard.
console::Mode mode_of(const state::Record& record, bool keyboard) {
    if (record.console == plan::to_string(plan::ConsoleMode::interactive)) {
        return console::Mode::interactive;
    }
    const bool pipe = record.console == plan::to_string(plan::ConsoleMode::pipe);
    return pipe && keyboard ? console::Mode::interactive : console::Mode::read_only;
}

}  // namespace

bool ConsoleView::is_passive() const {
    return record_.console == plan::to_string(plan::ConsoleMode::passive);
}

/// Where the journal keeps it our standard output, the same journal, would show it twice.
bool ConsoleView::is_shown() const {
    return !is_passive() && record_.log != plan::to_string(plan::ConsoleLog::journal);
}

Result<void> ConsoleView::open(OnEscape on_escape) {
    return is_shown() ? show(std::move(on_escape), {}) : keep({});
}

Result<void> ConsoleView::show(OnEscape on_escape, console::Unsent unsent) {
    console::ForwarderConfig config;
    config.mode = mode_of(record_, isatty(STDIN_FILENO) == 1);
    config.master = master_;
    config.input = os::BorrowedFd(STDIN_FILENO);
    config.output = os::BorrowedFd(record_.console_output);
    config.on_escape = std::move(on_escape);
    config.tee = [this](std::span<const char> data) { tap_.give(data); };
    config.unsent = std::move(unsent);
    if (config.mode == console::Mode::interactive && !terminal_.active()) {
        const char* term = getenv("TERM");
        terminal_ = BOX_TRY(console::TerminalGuard::raw(config.input, config.output,
                                                        term == nullptr ? "" : term));
    }
    forwarder_ = BOX_TRY(console::Forwarder::create(loop_, std::move(config)));
    return {};
}

/// Reads what the box writes, so that it never waits for somebody who may attach.
Result<void> ConsoleView::keep(console::Unsent unsent) {
    visitor_source_.reset();
    visitor_.reset();
    console::ForwarderConfig config;
    config.master = master_;
    config.tee = [this](std::span<const char> data) { tap_.give(data); };
    config.unsent = std::move(unsent);
    forwarder_ = BOX_TRY(console::Forwarder::create(loop_, std::move(config)));
    return {};
}

/// Two readers would each get half: while the visitor is there, this one does not read.
void ConsoleView::give(pid_t visitor) {
    if (!is_passive() || !forwarder_) return;
    if (!os::is_locked(state::attach_lock_path(record_.name, 0))) return;  // not one of ours
    auto pidfd = os::open_pidfd(visitor);
    if (!pidfd) return;  // it has left already
    const auto done = step_back_for(std::move(pidfd).value());
    if (!done) log::warning(done.error().message());
}

Result<void> ConsoleView::step_back_for(os::UniqueFd visitor) {
    visitor_source_ = BOX_TRY(loop_.add_io(visitor, EPOLLIN, [this](uint32_t) {
        const auto kept = keep({});
        if (!kept) log::warning(kept.error().message());
    }));
    visitor_ = std::move(visitor);
    forwarder_.reset();
    return {};
}

void ConsoleView::resize() {
    // A terminal that went away has no size; the console's own end tells.
    if (forwarder_) (void)forwarder_->resize().has_value();
}

void ConsoleView::close() {
    if (!forwarder_) return;
    forwarder_->drain();
    const auto restored = terminal_.restore();
    if (!restored) log::warning(restored.error().message());
}

}  // namespace boxctl::supervise
