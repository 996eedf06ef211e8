// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/console_view.h"

#include <cstdlib>

#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/message.h"
#include "lib/plan/plan.h"
#include "lib/state/control.h"

namespace boxctl::supervise {
namespace {

constexpr uint64_t kFarewell = event::kSecond / 5;  ///< for a visitor who reads slowly

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
    console::ForwarderConfig config;
    config.master = master_;
    config.tee = [this](std::span<const char> data) { tap_.give(data); };
    config.unsent = std::move(unsent);
    forwarder_ = BOX_TRY(console::Forwarder::create(loop_, std::move(config)));
    return {};
}

Visitor::Console ConsoleView::visited() {
    return {loop_, master_, *forwarder_, tap_};
}

std::function<void()> ConsoleView::on_left() {
    return [this] { visitor_.reset(); };
}

void ConsoleView::admit(Question question) {
    const auto received = receive(question);
    if (received) return;
    // Who asked has left when this fails.
    (void)state::send_refusal(question.connection, received.error()).has_value();
}

Result<void> ConsoleView::receive(Question& question) {
    if (!is_passive()) {
        return Error("the boxctl that started machine " + quote(record_.name) +
                     " shows its console itself");
    }
    if (visitor_ && !visitor_->has_gone()) {
        return Error(format("the console of machine '%s' is attached already, by process %d",
                            record_.name.c_str(), visitor_->pid()));
    }
    visitor_.reset();
    auto [near, far] = BOX_TRY(os::make_socket_pair(os::SocketKind::stream));
    BOX_TRY(state::send_value(question.connection, json::Value::object(), {far.get()}));
    visitor_ = BOX_TRY(Visitor::create(
            visited(), {std::move(question.connection), std::move(near), question.asker},
            on_left()));
    return {};
}

void ConsoleView::resize() {
    // A terminal that went away has no size; the console's own end tells.
    if (forwarder_) (void)forwarder_->resize().has_value();
}

void ConsoleView::close() {
    if (!forwarder_) return;
    forwarder_->drain();
    if (visitor_) visitor_->finish(kFarewell);
    visitor_.reset();
    const auto restored = terminal_.restore();
    if (!restored) log::warning(restored.error().message());
}

}  // namespace boxctl::supervise
