// SPDX-License-Identifier: LGPL-2.1-or-later
// Entries of a kept console, and how they stand in a file:
//
//     2026-11-25T10:00:00.123456Z a whole line, or the last piece of one
//     2026-11-25T10:00:00.123456Z+a piece of a line that goes on in the next entry
//
// The time is UTC. Text is as the box wrote it, without the line end; it may hold any other byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace boxctl::logs {

struct Entry {
    uint64_t time = 0;  ///< when the box wrote the (first piece of the) line, µs since the epoch
    std::string text;
    bool ends_line = true;
};

/// Length of the time and the mark behind it.
constexpr size_t kEntryHead = 28;

/// CLOCK_REALTIME in microseconds.
uint64_t wall_clock();

/// "2026-11-25T10:00:00.123456Z".
std::string format_time(uint64_t time);

/// Appends one line of the file.
void append_entry(std::string& out, std::string_view time, std::string_view text, bool ends_line);

/// `line` without its newline; nullopt for what is no entry (the torn end of a full disk).
std::optional<Entry> parse_entry(std::string_view line);

}  // namespace boxctl::logs
