// SPDX-License-Identifier: LGPL-2.1-or-later
// Client: one call of a Varlink service, answered in the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/event/loop.h"
#include "lib/json/json.h"
#include "lib/os/fd.h"
#include "lib/varlink/message.h"

namespace boxctl::varlink {

/// Destroying it forgets the call. The loop outlives it.
class Client {
 public:
    /// The service's reply, which may be an error of its own, or why there is none.
    using Answer = std::function<void(Result<Reply>)>;
    static constexpr uint64_t kPatience = 10 * event::kSecond;

    /// Connects to the socket at `path` and asks. Never waits: ECONNREFUSED and ENOENT when nobody
    /// listens there, EAGAIN when too many others wait. `answer` may destroy the client.
    static Result<std::unique_ptr<Client>> call(event::Loop& loop, const std::string& path,
                                                std::string_view method,
                                                const json::Value& parameters, Answer answer);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

 private:
    explicit Client(Answer answer) : answer_(std::move(answer)) {}
    void hear();
    void finish(Result<Reply> reply);

    Answer answer_;
    os::UniqueFd connection_;
    Splitter input_;
    event::IoSource source_;
    event::TimerSource patience_;
};

}  // namespace boxctl::varlink
