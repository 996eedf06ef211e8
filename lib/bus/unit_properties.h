// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit properties: NAME=VALUE as unit files spell it (systemd.resource-control(5),
// systemd.scope(5)) as what travels over the bus. Pure. Nothing that boxctl decides itself is in
// the table: what a scope holds, how it is killed, where it lies, that it is delegated.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/bus/property.h"

namespace boxctl::bus {

/// Of every property that a scope of ours can be given.
std::vector<std::string> unit_property_names();

/// Sets a property among `have`: what a list holds is added to it, any other value replaces an
/// earlier one, an empty value takes all earlier ones back. Errors: no such property, a value that
/// it does not take.
Result<void> assign_property(std::vector<Property>& have, const std::string& name,
                             const std::string& value);

/// "MemoryMax=536870912", for people; what is in a value is printable.
std::string describe(const Property& property);

}  // namespace boxctl::bus
