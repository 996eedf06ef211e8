// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/log.h"

#include <unistd.h>

#include "lib/base/text.h"

namespace boxctl::log {
namespace {

Level current_level = Level::notice;
std::string program = "boxctl";
bool level_shown = false;

/// Of syslog(3).
char digit_of(Level level) {
    switch (level) {
        case Level::error:
            return '3';
        case Level::warning:
            return '4';
        case Level::notice:
            return '5';
        case Level::info:
            return '6';
        case Level::debug:
            break;
    }
    return '7';
}

void say(Level level, std::string_view text) {
    if (level > current_level) return;
    std::string line;
    if (level_shown) line = std::string("<") + digit_of(level) + ">";
    line += program;
    line += ": ";
    line += text;
    line += '\n';
    // One write, so that lines of several processes do not mix. Nobody is left to tell of a
    // failure.
    if (write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace

void set_level(Level level) {
    current_level = level;
}
Level level() {
    return current_level;
}

bool set_level(std::string_view name) {
    struct Name {
        std::string_view word;
        std::string_view digit;
        Level level;
    };
    constexpr Name kNames[] = {
            {"emerg", "0", Level::error},   {"alert", "1", Level::error},
            {"crit", "2", Level::error},    {"err", "3", Level::error},
            {"error", "3", Level::error},   {"warning", "4", Level::warning},
            {"notice", "5", Level::notice}, {"info", "6", Level::info},
            {"debug", "7", Level::debug},
    };
    for (const Name& known : kNames) {
        if (name == known.word || name == known.digit) {
            current_level = known.level;
            return true;
        }
    }
    return false;
}

void show_level(bool on) {
    level_shown = on;
}

void set_program(std::string_view name) {
    program = name;
}

void error(std::string_view text) {
    say(Level::error, text);
}
void warning(std::string_view text) {
    say(Level::warning, text);
}
void notice(std::string_view text) {
    say(Level::notice, text);
}
void info(std::string_view text) {
    say(Level::info, text);
}
void debug(std::string_view text) {
    say(Level::debug, text);
}

}  // namespace boxctl::log
