// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace boxctl::console {

/// What a terminal was sent before, for another one: text and colours (SGR) only. Other escape
/// sequences are left out, above all those that a terminal answers: the answer would be typed into
/// the box, which does not wait for it any more. What is no printable character then is shown as
/// \xNN.
std::string past_of(std::string_view output);

}  // namespace boxctl::console
