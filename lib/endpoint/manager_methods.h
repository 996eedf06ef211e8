// SPDX-License-Identifier: LGPL-2.1-or-later
// The methods that clients of systemd and logind find in a box. Private to Manager.
#pragma once

#include <string_view>

#include "lib/endpoint/manager.h"

namespace boxctl::endpoint {

constexpr const char* kLoginInterface = "org.freedesktop.login1.Manager";

struct Manager::Method {
    std::string_view interface;
    std::string_view member;
    std::string_view signature;
    void (Manager::*act)(Call& call);
};

// clang-format off
constexpr Manager::Method Manager::kMethods[] = {
    {kManagerInterface, "StartTransientUnit", "ssa(sv)a(sa(sv))", &Manager::start_transient},
    {kManagerInterface, "StartUnit", "ss", &Manager::start_unit},
    {kManagerInterface, "StopUnit", "ss", &Manager::stop_unit},
    {kManagerInterface, "RestartUnit", "ss", &Manager::restart_unit},
    {kManagerInterface, "TryRestartUnit", "ss", &Manager::restart_unit},
    {kManagerInterface, "ReloadUnit", "ss", &Manager::reload_unit},
    {kManagerInterface, "ReloadOrRestartUnit", "ss", &Manager::restart_unit},
    {kManagerInterface, "KillUnit", "ssi", &Manager::kill_unit},
    {kManagerInterface, "GetUnit", "s", &Manager::get_unit},
    {kManagerInterface, "LoadUnit", "s", &Manager::get_unit},
    {kManagerInterface, "ListUnits", "", &Manager::list_units},
    {kManagerInterface, "ListUnitsFiltered", "as", &Manager::list_units},
    {kManagerInterface, "ListUnitsByPatterns", "asas", &Manager::list_by_patterns},
    {kManagerInterface, "ListUnitsByNames", "as", &Manager::list_by_names},
    {kManagerInterface, "ListJobs", "", &Manager::list_jobs},
    {kManagerInterface, "GetUnitProcesses", "s", &Manager::unit_processes},
    {kManagerInterface, "RefUnit", "s", &Manager::hold_unit},
    {kManagerInterface, "UnrefUnit", "s", &Manager::drop_unit},
    {kManagerInterface, "Subscribe", "", &Manager::acknowledge},
    {kManagerInterface, "Unsubscribe", "", &Manager::acknowledge},
    {kManagerInterface, "ResetFailed", "", &Manager::acknowledge},
    {kManagerInterface, "ResetFailedUnit", "s", &Manager::drop_unit},
    {kManagerInterface, "PowerOff", "", &Manager::power_off},
    {kManagerInterface, "Halt", "", &Manager::power_off},
    {kManagerInterface, "Reboot", "", &Manager::reboot},
    {kLoginInterface, "PowerOff", "b", &Manager::power_off},
    {kLoginInterface, "PowerOffWithFlags", "t", &Manager::power_off},
    {kLoginInterface, "Halt", "b", &Manager::power_off},
    {kLoginInterface, "HaltWithFlags", "t", &Manager::power_off},
    {kLoginInterface, "Reboot", "b", &Manager::reboot},
    {kLoginInterface, "RebootWithFlags", "t", &Manager::reboot},
    {kLoginInterface, "SetWallMessage", "sb", &Manager::acknowledge},
    {kPropertiesInterface, "Get", "ss", &Manager::get_property},
    {kPropertiesInterface, "GetAll", "s", &Manager::get_all},
    {kPropertiesInterface, "Set", "ssv", &Manager::set_property},
};

struct UnitMethod {
    std::string_view member;
    std::string_view signature;
    const char* of_manager;
};
constexpr UnitMethod kUnitMethods[] = {
    {"Start", "s", "StartUnit"},
    {"Stop", "s", "StopUnit"},
    {"Restart", "s", "RestartUnit"},
    {"Reload", "s", "ReloadUnit"},
    {"Kill", "si", "KillUnit"},
    {"Ref", "", "RefUnit"},
    {"Unref", "", "UnrefUnit"},
    {"ResetFailed", "", "ResetFailedUnit"},
};
// clang-format on

}  // namespace boxctl::endpoint
