// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string_view>

namespace boxctl::console {

inline constexpr char kEscapeByte = '\x1b';

/// Bytes of the escape sequence (ECMA-48) that `text` starts with, at least 1. One that lacks its
/// end is as long as its beginning is plausible.
size_t sequence_length(std::string_view text);

}  // namespace boxctl::console
