// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of systemd units (systemd.unit(5), systemd-escape(1)).
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace boxctl {

constexpr size_t kUnitNameMax = 255;

/// `text` as part of a unit's name: '/' becomes '-', what a name cannot hold (also '-', '\' and a
/// leading '.') becomes \xNN. Two texts never give one name.
std::string escape_unit_part(std::string_view text);
/// The inverse; an error for what escape_unit_part() does not write.
Result<std::string> unescape_unit_part(std::string_view part);

/// The scope of a machine, "machine-NAME.scope": what machined calls those it makes. An error when
/// the escaped name is too long for a unit.
Result<std::string> machine_scope(std::string_view machine_name);

/// Why `name` cannot name a slice, or empty when it can: "a-b.slice" lies in "a.slice", so no part
/// between dashes is empty. "-.slice" is the root.
std::string slice_name_fault(std::string_view name);

/// Where systemd keeps the object of a unit on the bus.
std::string unit_object_path(std::string_view unit);

}  // namespace boxctl
