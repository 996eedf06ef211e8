// SPDX-License-Identifier: LGPL-2.1-or-later
// Call: one method call of a client, and the ways to answer it.
#pragma once

#include <functional>
#include <vector>

#include "lib/dbus/message.h"
#include "lib/endpoint/refusal.h"
#include "lib/os/fd.h"

namespace boxctl::endpoint {

/// Where answers and signals go.
struct Outlet {
    /// To one client; nothing happens when it has left.
    std::function<void(uint32_t connection, dbus::Message message)> send;
    /// To all that asked for signals.
    std::function<void(dbus::Message message)> broadcast;
};

/// What it takes to answer a call later.
struct Caller {
    uint32_t connection = 0;
    dbus::Message call;  ///< without its body
};

class Call {
 public:
    Call(const Outlet& outlet, uint32_t connection, const dbus::Message& message,
         std::vector<os::UniqueFd> passed)
            : fds(std::move(passed)), outlet_(outlet), connection_(connection), message_(message) {}

    [[nodiscard]] const dbus::Message& message() const { return message_; }
    [[nodiscard]] uint32_t connection() const { return connection_; }
    [[nodiscard]] Caller caller() const {
        Caller caller = {connection_, message_};
        caller.call.body.clear();
        return caller;
    }

    void reply(std::string_view signature, dbus::Writer body) const {
        answer(dbus::make_return(message_, signature, std::move(body)));
    }
    void reply() const { answer(dbus::make_return(message_)); }
    void refuse(const Refusal& refusal) const { refuse(refusal.name, refusal.text); }
    void refuse(std::string_view name, std::string_view text) const {
        answer(dbus::make_error(message_, name, text));
    }

    std::vector<os::UniqueFd> fds;

 private:
    void answer(dbus::Message message) const {
        if ((message_.flags & dbus::kNoReplyExpected) != 0) return;
        message.sender = message_.destination;
        outlet_.send(connection_, std::move(message));
    }

    const Outlet& outlet_;
    uint32_t connection_;
    const dbus::Message& message_;
};

}  // namespace boxctl::endpoint
