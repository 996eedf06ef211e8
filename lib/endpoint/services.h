// SPDX-License-Identifier: LGPL-2.1-or-later
// Services: those of the box's own init, which systemctl -M lists, starts and stops.
//
// How that is done is known to the init's tools in the box, so a script of ours asks them there
// (services.cc holds it, a branch for each init: box-init, OpenRC, s6-rc, dinit, runit, scripts of
// sysvinit, and the inittab of busybox, which can only be looked at). What it prints was written by
// the box.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/endpoint/unit_view.h"

namespace boxctl::endpoint {

enum class ServiceAct { start, stop, restart, reload };

std::vector<std::string> list_command();
/// `unit` ends in ".service".
std::vector<std::string> act_command(ServiceAct act, std::string_view unit);

/// What the script says about an act by its exit status.
enum class ActResult {
    done,
    failed,
    no_such_service,
    not_possible,  ///< with this init
};
ActResult act_result(int status);

/// What list_command() printed; lines that are not as they should be are left out.
std::vector<UnitView> parse_list(std::string_view output);

}  // namespace boxctl::endpoint
