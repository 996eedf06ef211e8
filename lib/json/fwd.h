// SPDX-License-Identifier: LGPL-2.1-or-later
// json::Value for headers that only name it: the library behind it is large.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace boxctl::json {

/// Members keep the order in which they were added.
using Value = nlohmann::ordered_json;

}  // namespace boxctl::json
