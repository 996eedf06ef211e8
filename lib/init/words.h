// SPDX-License-Identifier: LGPL-2.1-or-later
// Values of a service file: words with quotes, times, sizes, addresses. Pure but for the memory
// they are kept in; each returns null for "taken" or says what is wrong.
#pragma once

#include <stdint.h>

#include "lib/init/service.h"

namespace boxctl::init {

/// A command line: words at blanks; '…' and "…" keep blanks, a backslash outside '…' takes the
/// next byte as it is. No shell: no variables, no patterns. Null-terminated array in `command`.
const char* read_command(const char* text, char* const*& command);

/// The same words, appended to an array of at most kMaxWords.
const char* read_words(const char* text, char**& words, uint32_t& count);

/// "90", "1.5", "500ms", "2min", "1h", "infinity" (-1) to milliseconds.
const char* read_time(const char* text, int64_t& milliseconds);

/// "4096", "64K", "512M", "2G" to bytes; "infinity" is 0, no limit.
const char* read_size(const char* text, uint64_t& bytes);

/// "yes", "no" and their kin.
const char* read_flag(const char* text, bool& value);

/// "tcp:PORT", "tcp:ADDRESS:PORT", "http://ADDRESS:PORT/PATH", "exec:COMMAND", "fd:N".
const char* read_probe(const char* text, Probe& probe);

}  // namespace boxctl::init
