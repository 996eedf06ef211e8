// SPDX-License-Identifier: LGPL-2.1-or-later
// Text: small pure helpers for strings, numbers and output that a terminal can be trusted with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl {

/// "No such file or directory"; "error 999" for a number the C library does not know.
std::string errno_text(int code);

/// printf into a string.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

/// 'text' in single quotes, with every byte that a terminal could act upon shown as \xNN.
std::string quote(std::string_view text);

/// `text` with control bytes, DEL, C1 controls and malformed UTF-8 shown as \xNN. Everything the
/// box can influence passes here before it is printed anywhere but an attached console (E3).
std::string printable(std::string_view text);

std::vector<std::string> split(std::string_view text, char separator);
/// The words between blanks, tabs and line ends; none of them is empty.
std::vector<std::string> split_blanks(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

/// Splits at unescaped `separator`; "\X" stands for X (how nspawn writes ':' inside a path).
/// An error for a lone backslash at the end.
Result<std::vector<std::string>> split_escaped(std::string_view text, char separator);

/// Decimal, whole text, no sign, no blanks, no leading '+'; nullopt for anything else or overflow.
std::optional<uint64_t> parse_u64(std::string_view text);
std::optional<uint32_t> parse_u32(std::string_view text);

/// 1/yes/y/true/t/on and 0/no/n/false/f/off, in any case (the words systemd takes).
std::optional<bool> parse_boolean(std::string_view text);

/// Bytes with an optional suffix K, M, G, T, P, E (powers of 1024), as resource limits are written.
std::optional<uint64_t> parse_bytes(std::string_view text);

/// Microseconds of "90", "1min 30s", "250ms", "2h" (systemd.time(7)); a number alone is seconds.
std::optional<uint64_t> parse_timespan(std::string_view text);

/// The candidate nearest to `word` by edit distance, or empty when none is near enough to suggest.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace boxctl
