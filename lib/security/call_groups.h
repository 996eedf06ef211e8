// SPDX-License-Identifier: LGPL-2.1-or-later
// Groups of system calls under systemd's names, such as "@mount", for --system-call-filter.
//
// Data only. A member is a call or another group; a call that this processor does not have is
// listed all the same.
#pragma once

#include <span>
#include <string_view>

namespace boxctl::security {

struct CallGroup {
    std::string_view name;     ///< with its '@'
    std::string_view members;  ///< with one blank between
};

std::span<const CallGroup> call_groups();
/// nullptr: no such group.
const CallGroup* find_call_group(std::string_view name);

}  // namespace boxctl::security
