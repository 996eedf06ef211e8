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

namespace {

// Why an entry cannot work in a box, or empty.
std::string fault_of(std::string_view line, const std::function<bool(const std::string&)>& exists) {
    const std::string id(take_field(line, ':'));
    take_field(line, ':');
    take_field(line, ':');
    std::string_view program = take_field(line, ' ');
    if (program.starts_with('-')) program.remove_prefix(1);  // "a login shell"
    const bool here = id.empty() || id == "console" || id == "null" || tty_number(id) != 0;
    if (!here) return "a box has no " + printable(id);
    // Words without a path are looked up by a shell, or are busybox's own.
    if (program.starts_with('/') && !exists(std::string(program))) {
        return printable(program) + " is not in this tree";
    }
    return {};
}

}  // namespace

std::string usable_inittab(std::string_view text,
                           const std::function<bool(const std::string&)>& exists) {
    std::string usable;
    bool changed = false;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::string_view entry = trim(line);
        const bool idle = entry.empty() || entry.starts_with('#');
        const std::string fault = idle ? std::string() : fault_of(entry, exists);
        if (fault.empty()) {
            usable.append(line).append("\n");
        } else {
            usable.append("# ").append(entry).append("  # boxctl: " + fault + "\n");
            changed = true;
        }
    }
    return changed ? usable : std::string();
}

}  // namespace boxctl::host
