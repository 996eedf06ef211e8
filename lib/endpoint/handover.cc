// SPDX-License-Identifier: LGPL-2.1-or-later
// The endpoint on its way to another image of this program: companion, socket and programs.
#include "lib/shell/handover.h"

#include "lib/endpoint/endpoint.h"
#include "lib/state/handover.h"

namespace boxctl::endpoint {

bool Endpoint::starting() const {
    return (companion_ && companion_->unsettled()) || server_.starting();
}

json::Value Endpoint::pack(state::Outgoing& outgoing) const {
    json::Value sessions = json::Value::array();
    for (const shell::Session* session : server_.sessions())
        sessions.push_back(shell::pack(*session, outgoing));
    for (const Kept& kept : kept_)
        sessions.push_back(shell::pack(kept.session, outgoing));
    for (const shell::Session* left : leaves_.sessions())
        sessions.push_back(shell::pack(*left, outgoing));
    const bool there = companion_ && companion_->pid() != 0;
    return {{"companion", there ? companion_->pack(outgoing) : json::Value()},
            {"listener", outgoing.add(server_.listener())},
            {"sessions", sessions}};
}

Result<void> Endpoint::keep(shell::Session session) {
    if (!session.pidfd.valid()) {
        leaves_.take(std::move(session), shell::Leaves::Rest::leave);
        return {};
    }
    kept_.push_front({std::move(session), {}});
    const auto place = kept_.begin();
    place->source = BOX_TRY(loop_.add_child(place->session.pidfd, [this, place](os::ExitStatus) {
        place->session.pidfd.reset();  // reaped
        leaves_.take(std::move(place->session), shell::Leaves::Rest::leave);
        kept_.erase(place);
    }));
    return {};
}

Result<void> Endpoint::resume(const json::Value& packed, state::Incoming& incoming) {
    const json::Value* endpoint = json::find(packed, "endpoint");
    const json::Value* companion =
            endpoint == nullptr ? nullptr : json::find(*endpoint, "companion");
    if (companion != nullptr && companion->is_object()) {
        companion_ =
                BOX_TRY(shell::Companion::resume(loop_, companion_events(), *companion, incoming));
        BOX_TRY(server_.listen(BOX_TRY(incoming.take(*endpoint, "listener"))));
        hooks_.leader(companion_->pid());
    } else {
        start();
    }
    if (endpoint == nullptr || !endpoint->is_object()) return {};
    for (const json::Value& session : *BOX_TRY(json::get_array(*endpoint, "sessions")))
        BOX_TRY(keep(BOX_TRY(shell::unpack_session(session, incoming))));
    return {};
}

}  // namespace boxctl::endpoint
