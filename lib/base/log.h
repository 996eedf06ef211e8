// SPDX-License-Identifier: LGPL-2.1-or-later
// Log: one line to standard error, "boxctl: …". Library code logs at debug only; notices, warnings
// and errors are said by cmd/ and supervise/.
#pragma once

#include <string>
#include <string_view>

namespace boxctl::log {

enum class Level { error, warning, notice, info, debug };

/// Lines above this level are dropped. Default: notice.
void set_level(Level level);
Level level();
/// emerg…debug or 0…7, as --log-level= and SYSTEMD_LOG_LEVEL spell them; false if unknown.
bool set_level(std::string_view name);

/// Whether lines begin with their level, "<4>", as a journal at the other end reads it
/// (sd-daemon(3)). Default: no.
void show_level(bool on);

/// Name printed before the colon; default "boxctl".
void set_program(std::string_view name);

void error(std::string_view text);
void warning(std::string_view text);
void notice(std::string_view text);
void info(std::string_view text);
void debug(std::string_view text);

}  // namespace boxctl::log
