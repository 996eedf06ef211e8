// SPDX-License-Identifier: LGPL-2.1-or-later
// Call filter: the filters of a box whose user changed the default ones (--system-call-filter,
// --restrict-address-families), compiled when it starts.
//
// Starts from the same decisions as the filters that are compiled while boxctl is built; these came
// out of the build as a table of every call's number and answer (gen/seccomp_gen.cc), so that
// neither libseccomp nor a policy is needed here. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <linux/filter.h>

#include "lib/base/result.h"

namespace boxctl::security {

/// Names of calls and groups, as the user gave them. What is in both is denied.
struct CallWishes {
    std::vector<std::string> allowed;
    std::vector<std::string> denied;
    [[nodiscard]] bool empty() const { return allowed.empty() && denied.empty(); }
};

/// "read @clock" allows, "~read @clock" denies: names with blanks between. A group has to be known;
/// a call need not be, as the same list may be for a newer kernel or another processor.
Result<CallWishes> parse_call_wishes(std::string_view text);
/// What parse_call_wishes() reads back: at most one text that allows and one that denies.
std::vector<std::string> describe(const CallWishes& wishes);

/// Calls that were named and that this processor does not have, or nobody.
std::vector<std::string> unknown_calls(const CallWishes& wishes);

struct CompiledFilters {
    std::vector<sock_filter> main;  ///< instead of default_filters()
    /// Denies what a start itself calls after `main`, so it can only be loaded directly before
    /// execve(2); empty where nothing of that kind is denied.
    std::vector<sock_filter> last;
};

/// For a box that keeps `capabilities` and may open sockets of `families`. A call that is denied
/// gives EPERM. Fails where execve(2) is denied.
Result<CompiledFilters> compile_filters(uint64_t capabilities, const CallWishes& wishes,
                                        std::span<const uint32_t> families);

}  // namespace boxctl::security
