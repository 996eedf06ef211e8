// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/endpoint.h"

#include <algorithm>

#include <signal.h>

namespace boxctl::endpoint {
namespace {

/// A shutdown inside ends all processes, and a box may kill it for fun.
constexpr int kMostStarts = 10;
constexpr uint64_t kPause = event::kSecond;
/// After a SIGTERM of the box's: a new one would only be in the way of a shutdown.
constexpr uint64_t kShutdownPause = 10 * event::kSecond;
constexpr uint64_t kLongestPause = 60 * event::kSecond;

/// Others have what is missing, and may give it back.
bool can_pass(int code) {
    return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS ||
           code == EAGAIN || code == ETIME;
}

}  // namespace

std::optional<Power> power_of_signal(int signal) {
    const int realtime = signal - SIGRTMIN;
    // halt, poweroff, and both without asking anybody
    if (realtime == 3 || realtime == 4 || realtime == 13 || realtime == 14) return Power::off;
    // reboot, kexec, and both without asking anybody
    if (realtime == 5 || realtime == 6 || realtime == 15 || realtime == 16) return Power::reboot;
    if (signal == SIGPWR || signal == SIGTERM) return Power::off;
    if (signal == SIGINT) return Power::reboot;
    return std::nullopt;
}

Endpoint::Endpoint(event::Loop& loop, const state::Record& box, Hooks hooks)
        : loop_(loop),
          box_(box),
          hooks_(std::move(hooks)),
          leaves_(loop),
          server_(loop, {&box, &leaves_, hooks_.power}) {
}

shell::Companion::Events Endpoint::companion_events() {
    shell::Companion::Events events;
    events.ready = [this](const Result<void>& result) { on_ready(result); };
    events.signal = [this](int signal) { on_signal(signal); };
    events.lost = [this](bool asked) { on_lost(asked); };
    events.killed = [this] { hooks_.killed(); };
    return events;
}

void Endpoint::start() {
    starts_++;
    const auto begun = begin();
    if (!begun) fail(begun.error());
}

Result<void> Endpoint::begin() {
    companion_ = BOX_TRY(shell::Companion::start(loop_, box_, companion_events()));
    return {};
}

void Endpoint::on_ready(const Result<void>& result) {
    if (!result) return fail(result.error());
    const auto listening = server_.listen(companion_->take_listener());
    if (!listening) return fail(listening.error());
    pause_ = 0;
    hooks_.leader(companion_->pid());
}

/// Never had one, or no longer. A companion of which a part is missing goes with the next start.
void Endpoint::fail(const Error& why) {
    if (pause_ == 0) hooks_.unavailable(why);
    if (!can_pass(why.code())) return;
    starts_--;  // that is not the box's doing
    pause_ = pause_ == 0 ? kPause : std::min(2 * pause_, kLongestPause);
    again_ = loop_.add_timer(event::now_us() + pause_, [this] { start(); });
}

void Endpoint::on_signal(int signal) {
    if (const auto power = power_of_signal(signal)) return hooks_.power(*power);
    // Nothing that its init could not heed: from here, outside, these two could not be refused.
    if (signal <= 0 || signal > SIGRTMAX || signal == SIGKILL || signal == SIGSTOP) return;
    hooks_.signal(signal);
}

void Endpoint::on_lost(bool asked) {
    hooks_.leaderless();
    if (starts_ >= kMostStarts) {
        return hooks_.unavailable(Error("its companion was killed again and again"));
    }
    const uint64_t pause = asked ? kShutdownPause : kPause;
    again_ = loop_.add_timer(event::now_us() + pause, [this] { start(); });
}

}  // namespace boxctl::endpoint
