// SPDX-License-Identifier: LGPL-2.1-or-later
// How units look to clients of systemd: names of their objects, words for their states, properties
// (org.freedesktop.systemd1(5)).
#pragma once

#include <string>
#include <string_view>

#include "lib/endpoint/properties.h"
#include "lib/endpoint/unit.h"

namespace boxctl::endpoint {

constexpr const char* kSystemdName = "org.freedesktop.systemd1";
constexpr const char* kSystemdPath = "/org/freedesktop/systemd1";
constexpr const char* kManagerInterface = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";
constexpr const char* kServiceInterface = "org.freedesktop.systemd1.Service";
constexpr const char* kPropertiesInterface = "org.freedesktop.DBus.Properties";

/// /org/freedesktop/systemd1/unit/NAME, with what a path cannot hold as _xx.
std::string unit_path(std::string_view name);
/// The name behind such a path; empty when it is none.
std::string unit_name(std::string_view path);
std::string job_path(uint32_t number);

/// What a unit is, whatever runs it.
struct UnitView {
    std::string name;
    std::string description;
    std::string load_state = "loaded";
    std::string active_state = "inactive";
    std::string sub_state = "dead";
    JobValue job;
};

UnitView view_of(const Unit& unit, const JobValue& job);

/// Of a unit's object; `unit`, where it is one that runs here.
Properties unit_properties(const UnitView& view, const Unit* unit, const std::string& invocation,
                           const std::string& cgroup);

/// One element of ListUnits, (ssssssouso).
void write_list_entry(dbus::Writer& writer, const UnitView& view);

}  // namespace boxctl::endpoint
