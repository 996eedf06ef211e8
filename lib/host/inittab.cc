// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/inittab.h"

#include <bitset>

#include "lib/base/text.h"
#include "lib/host/lines.h"

namespace boxctl::host {
namespace {

// N for "ttyN" or "/dev/ttyN" with N in 1…kLastTty; 0 for anything else.
int tty_number(std::string_view word) {
    if (word.starts_with("/dev/")) word.remove_prefix(5);
    if (!word.starts_with("tty")) return 0;
    word.remove_prefix(3);
    if (word.starts_with('0')) return 0;
    const auto number = parse_u32(word);
    return number && *number <= kLastTty ? static_cast<int>(*number) : 0;
}

bool starts_something(std::string_view action) {
    return action == "respawn" || action == "askfirst" || action == "once" || action == "wait";
}

}  // namespace

std::vector<int> parse_inittab_ttys(std::string_view text) {
    std::bitset<kLastTty + 1> found;
    while (!text.empty()) {
        std::string_view line = trim(take_line(text));
        if (line.starts_with('#')) continue;
        const std::string_view id = take_field(line, ':');
        take_field(line, ':');
        if (!starts_something(take_field(line, ':')) || line.empty()) continue;
        found.set(static_cast<size_t>(tty_number(id)));
        while (!line.empty())
            found.set(static_cast<size_t>(tty_number(take_field(line, ' '))));
    }
    std::vector<int> ttys;
    for (int n = 1; n <= kLastTty; n++) {
        if (found.test(static_cast<size_t>(n))) ttys.push_back(n);
    }
    return ttys;
}

}  // namespace boxctl::host
