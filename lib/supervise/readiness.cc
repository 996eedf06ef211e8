// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/readiness.h"

#include <algorithm>

#include <sched.h>
#include <signal.h>

#include "lib/base/log.h"
#include "lib/os/dismiss.h"
#include "lib/settings/values.h"
#include "lib/supervise/probe.h"

namespace boxctl::supervise {

using Kind = settings::ReadyRule::Kind;

Result<void> Readiness::start(console::Tap* console) {
    rule_ = BOX_TRY(settings::to_ready(record_.ready_rule));
    waiting_ = true;
    switch (rule_.kind) {
        case Kind::automatic:
        case Kind::started:
            become_ready();
            break;
        case Kind::notify:
            break;
        case Kind::log:
            if (console == nullptr) return Error("the box has no console to read for --ready=log");
            log_.emplace(rule_.text);
            log_hold_ = console->listen([this](std::span<const char> bytes) {
                if (log_->feed(bytes)) become_ready();
            });
            break;
        case Kind::tcp:
        case Kind::socket:
        case Kind::file:
        case Kind::exec:
            look_again();
            break;
    }
    return {};
}

void Readiness::hear(const Notice& notice) {
    if (waiting_ && rule_.kind == Kind::notify && notice.ready) become_ready();
}

void Readiness::become_ready() {
    waiting_ = false;
    log_hold_.reset();
    on_ready_();
}

void Readiness::look_again() {
    next_look_ = loop_.add_timer(event::now_us() + pause_, [this] { look(); });
    pause_ = std::min(2 * pause_, kLongestPause);
}

void Readiness::interrupt() {
    if (!look_source_.active()) return;
    end_look();
    look_again();
}

void Readiness::look() {
    const auto started = start_look();
    if (started) return;
    // The box may just be ending, or the host be short of something: neither is its readiness.
    log::debug(started.error().message());
    end_look();
    look_again();
}

Result<void> Readiness::start_look() {
    uint64_t time = kLookTime;
    if (rule_.kind == Kind::exec) {
        session_ = BOX_TRY(shell::start_inside(record_, {"/bin/sh", "-c", rule_.text}));
        time = kCommandTime;
    } else {
        const bool own_network = (record_.namespaces & CLONE_NEWNET) != 0;
        look_ = BOX_TRY(start_probe({rule_, record_.leader.pid, pidfd_, own_network})).pidfd;
    }
    const os::BorrowedFd child = session_ ? session_->pidfd : look_;
    look_source_ = BOX_TRY(
            loop_.add_child(child, [this](os::ExitStatus status) { on_look_over(status); }));
    look_deadline_ = loop_.add_timer(event::now_us() + time, [child] {
        // Gone already: then its end is told next.
        (void)os::send_signal(child, SIGKILL).has_value();
    });
    return {};
}

void Readiness::on_look_over(const os::ExitStatus& status) {
    if (session_) session_->pidfd.reset();  // reaped
    look_.reset();
    end_look();
    if (status.shell_code() == 0) return become_ready();
    look_again();
}

/// Kills and reaps what still looks.
void Readiness::end_look() {
    look_deadline_.reset();
    look_source_.reset();
    session_.reset();
    os::dismiss(std::move(look_));
}

}  // namespace boxctl::supervise
