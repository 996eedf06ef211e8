// SPDX-License-Identifier: LGPL-2.1-or-later
// os-release(5): shell-like assignments that name a distribution.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace boxctl::host {

/// What is read of an os-release file; a longer one counts as absent.
constexpr size_t kOsReleaseLimit = 64U << 10U;
/// Assignments kept; real files have about fifteen.
constexpr size_t kOsReleaseEntries = 256;

/// The assignments in order of first appearance; the last value of a repeated key counts, as in a
/// shell. Lines that are no assignment (or hold a NUL byte) are passed over. Values are raw bytes:
/// print them through printable() only.
std::vector<std::pair<std::string, std::string>> parse_os_release(std::string_view text);

}  // namespace boxctl::host
