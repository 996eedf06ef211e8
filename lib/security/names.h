// SPDX-License-Identifier: LGPL-2.1-or-later
// Looking up the fixed names of this module. Private to lib/security.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::security {

/// ASCII letters in upper case, whatever the locale.
std::string upper(std::string_view text);

/// "unknown KIND 'given'", hinting at the name nearest to `wanted`, if one is near enough.
Error unknown_name(std::string_view kind, std::string_view given, std::string_view wanted,
                   const std::vector<std::string>& names);

}  // namespace boxctl::security
