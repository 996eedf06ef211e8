// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/host_check.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/bus/systemd1.h"
#include "lib/bus/systemd_flaws.h"

namespace boxctl::supervise {

HostCheck::HostCheck(event::Loop& loop, Found found) : loop_(loop), found_(std::move(found)) {
    const auto asked = ask();
    if (asked) return;
    log::debug(asked.error().message());
    answer_.reset();
    connection_.reset();
}

Result<void> HostCheck::ask() {
    connection_ = BOX_TRY(bus::Connection::begin(bus::Peer::bus, bus::kSystemBus));
    BOX_TRY(connection_->attach(loop_, [this] {
        answer_.reset();
        connection_.reset();
    }));
    bus::Message call = BOX_TRY(bus::make_ask_version(*connection_));
    answer_ = BOX_TRY(connection_->call_async(
            call, [this](Result<bus::Message> answer) { on_version(std::move(answer)); }));
    return {};
}

void HostCheck::on_version(Result<bus::Message> answer) {
    // Not from here: this is a callback of the connection's.
    over_ = loop_.add_timer(0, [this] { connection_.reset(); });
    const auto version = answer ? bus::read_version(*answer) : answer.error();
    if (!version) return log::debug(version.error().message());
    log::debug("the host has systemd " + printable(*version));
    const std::string flaw = bus::describe_flaw(*version);
    if (!flaw.empty()) found_(flaw);
}

}  // namespace boxctl::supervise
