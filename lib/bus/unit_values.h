// SPDX-License-Identifier: LGPL-2.1-or-later
// Unit values: how each kind of value of a unit's property is spelled (systemd.syntax(7),
// systemd.resource-control(5)). Pure; nullopt for what the kind does not take.
#pragma once

#include <optional>
#include <string>

#include "lib/bus/property.h"

namespace boxctl::bus {

using Parsed = std::optional<Value>;

Parsed to_flag(const std::string& text);
Parsed to_size(const std::string& text);            ///< 't': bytes, "infinity"
Parsed to_count(const std::string& text);           ///< 't': above 0, "infinity"
Parsed to_share(const std::string& text);           ///< 'u': "12.5%" of all there is
Parsed to_weight(const std::string& text);          ///< 't': 1 to 10000
Parsed to_cpu_weight(const std::string& text);      ///< the same, or "idle"
Parsed to_quota(const std::string& text);           ///< 't': "150%" as µs of each second
Parsed to_timespan(const std::string& text);        ///< 't': µs
Parsed to_numbers(const std::string& text);         ///< "0-3,7" as a bit mask
Parsed to_device_weight(const std::string& text);   ///< "PATH WEIGHT"
Parsed to_device_limit(const std::string& text);    ///< "PATH BYTES"
Parsed to_device_latency(const std::string& text);  ///< "PATH TIMESPAN"
Parsed to_device_rule(const std::string& text);     ///< "/dev/x|char-x|block-x [rwm]"
Parsed to_device_policy(const std::string& text);
Parsed to_addresses(const std::string& text);
Parsed to_socket_rule(const std::string& text);
Parsed to_interfaces(const std::string& text);
Parsed to_absolute_path(const std::string& text);
Parsed to_unit_names(const std::string& text);
Parsed to_text(const std::string& text);
Parsed to_texts(const std::string& text);
Parsed to_oom_policy(const std::string& text);
Parsed to_oom_kill(const std::string& text);
Parsed to_oom_preference(const std::string& text);
Parsed to_pressure_watch(const std::string& text);

}  // namespace boxctl::bus
