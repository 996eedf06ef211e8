// SPDX-License-Identifier: LGPL-2.1-or-later
// HostCheck: asks the host's systemd for its version, once and without waiting, and tells of flaws
// that a running box lays open.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/bus/connection.h"
#include "lib/event/loop.h"

namespace boxctl::supervise {

class HostCheck {
 public:
    using Found = std::function<void(const std::string& flaw)>;

    /// The loop outlives it. Where systemd cannot be asked nothing is found.
    HostCheck(event::Loop& loop, Found found);
    HostCheck(const HostCheck&) = delete;
    HostCheck& operator=(const HostCheck&) = delete;

 private:
    Result<void> ask();
    void on_version(Result<bus::Message> answer);

    event::Loop& loop_;
    Found found_;
    std::unique_ptr<bus::Connection> connection_;
    bus::Slot answer_;
    event::TimerSource over_;
};

}  // namespace boxctl::supervise
