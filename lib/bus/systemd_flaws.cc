// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/systemd_flaws.h"

#include <charconv>
#include <cstdint>

#include "lib/base/text.h"

namespace boxctl::bus {
namespace {

/// Takes the number that `text` begins with; 0 where it begins with none.
uint32_t take_number(std::string_view& text) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return error == std::errc() ? number : 0;
}

/// CVE-2026-40223: a call that any user may make stops systemd for good while there is a unit with
/// Delegate=yes and without User=, as that of every box is.
constexpr struct {
    uint32_t release;
    uint32_t mended;  ///< the first point release that is not concerned
} kFrozenByUsers[] = {{258, 5}, {259, 2}};

}  // namespace

std::string describe_flaw(std::string_view version) {
    std::string_view rest = version;
    const uint32_t release = take_number(rest);
    uint32_t point = 0;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        point = take_number(rest);
    }
    for (const auto& flawed : kFrozenByUsers) {
        if (release != flawed.release || point >= flawed.mended) continue;
        return format(
                "any user of this host can freeze its systemd %s while a box runs "
                "(CVE-2026-40223) unless your distribution has mended it; %u.%u is safe",
                printable(version).c_str(), flawed.release, flawed.mended);
    }
    return "";
}

}  // namespace boxctl::bus
