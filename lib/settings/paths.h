// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths as users write them in options, made absolute and normalized as text. Private to
// lib/settings. Nothing is looked up: what a path leads to is found by descriptor, much later.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/settings/values.h"

namespace boxctl::settings {

/// A path inside the box: absolute, without "//", "/./" or a "/" at the end; ".." is refused, as
/// what it means depends on links that the box can change. `what` names the path in the error.
Result<std::string> to_inside_path(std::string_view what, std::string_view text);

/// As above, but not "/" itself: a place where something can be mounted.
Result<std::string> to_mount_point(std::string_view what, std::string_view text);

/// A path of the host; a relative one is based on the caller's directory (absolute, without links,
/// as getcwd gives it), and leading ".." components are followed there. Any other ".." is refused.
Result<std::string> to_host_path(std::string_view text, const Caller& caller);

/// Writes ':' and '\' so that split_escaped() reads them back.
std::string escape_path(std::string_view path);

}  // namespace boxctl::settings
