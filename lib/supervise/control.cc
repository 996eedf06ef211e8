// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/control.h"

#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/unix_socket.h"
#include "lib/state/control.h"

namespace boxctl::supervise {

Result<std::unique_ptr<Control>> Control::create(event::Loop& loop, os::BorrowedFd listener,
                                                 Handler answer) {
    std::unique_ptr<Control> made(new Control(loop, std::move(answer)));
    Control* self = made.get();
    made->patience_ = loop.add_timer(event::kNever, [self] { self->end_silence(); });
    made->listener_ =
            BOX_TRY(event::Listener::create(loop, listener, [self](os::UniqueFd connection) {
                const auto added = self->add(std::move(connection));
                if (!added) log::debug(added.error().message());
            }));
    return made;
}

Result<void> Control::add(os::UniqueFd connection) {
    const ucred peer = BOX_TRY(os::peer_of(connection));
    if (peer.uid != geteuid()) {
        return Error(EPERM, format("answer a process of uid %u", peer.uid));
    }
    if (silent_.size() >= kMostSilent) silent_.pop_front();
    silent_.push_back({std::move(connection), peer.pid, event::now_us(), {}});
    const Place place = std::prev(silent_.end());
    auto source =
            loop_.add_io(place->connection, EPOLLIN, [this, place](uint32_t) { hear(place); });
    if (!source) {
        silent_.erase(place);
        return std::move(source).error();
    }
    place->source = std::move(source).value();
    arm();
    return {};
}

void Control::hear(Place place) {
    auto message = state::receive_value(place->connection);
    if (!message && message.error().code() == EAGAIN) return;
    Question question = {std::move(place->connection), place->pid, {}};
    silent_.erase(place);
    arm();
    if (!message) {
        // Who does not wait for the answer does not get it.
        (void)state::send_refusal(question.connection, message.error()).has_value();
        return;
    }
    if (message->value.is_null()) return;
    question.value = std::move(message->value);
    answer_(std::move(question));
}

void Control::end_silence() {
    const uint64_t now = event::now_us();
    while (!silent_.empty() && silent_.front().since + kPatience <= now)
        silent_.pop_front();
    arm();
}

void Control::arm() {
    patience_.set_deadline(silent_.empty() ? event::kNever : silent_.front().since + kPatience);
}

}  // namespace boxctl::supervise
