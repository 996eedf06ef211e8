// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/handover.h"

#include "lib/shell/companion.h"
#include "lib/state/handover.h"

namespace boxctl::shell {

using json::Value;

Value pack(const Session& session, state::Outgoing& outgoing) {
    return {{"pid", session.pid},
            {"pidfd", outgoing.add(session.pidfd)},
            {"parent", outgoing.add(session.parent)},
            {"leaf", outgoing.add(session.leaf.dir)},
            {"leaf_name", session.leaf.name}};
}

Result<Session> unpack_session(const Value& packed, state::Incoming& incoming) {
    Session session;
    session.pid = static_cast<pid_t>(BOX_TRY(json::get_u64(packed, "pid")));
    session.pidfd = BOX_TRY(incoming.take(packed, "pidfd"));
    session.parent = BOX_TRY(incoming.take(packed, "parent"));
    session.leaf.dir = BOX_TRY(incoming.take(packed, "leaf"));
    session.leaf.name = BOX_TRY(json::get_string(packed, "leaf_name"));
    return session;
}

Value Companion::pack(state::Outgoing& outgoing) const {
    return {{"session", session_ ? shell::pack(*session_, outgoing) : Value()},
            {"channel", outgoing.add(channel_)},
            {"witness", outgoing.add(witness_ ? witness_->pidfd() : os::BorrowedFd(-1))}};
}

Result<std::unique_ptr<Companion>> Companion::resume(event::Loop& loop, Events events,
                                                     const Value& packed,
                                                     state::Incoming& incoming) {
    auto companion = std::unique_ptr<Companion>(new Companion(loop, std::move(events)));
    companion->channel_ = BOX_TRY(incoming.take(packed, "channel"));
    companion->session_ =
            BOX_TRY(unpack_session(*BOX_TRY(json::get_object(packed, "session")), incoming));
    // Older images have none.
    os::UniqueFd witness;
    if (json::find(packed, "witness") != nullptr)
        witness = BOX_TRY(incoming.take(packed, "witness"));
    BOX_TRY(companion->witness(std::move(witness)));
    BOX_TRY(companion->listen());
    return companion;
}

}  // namespace boxctl::shell
