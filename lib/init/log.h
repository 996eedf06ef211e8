// SPDX-License-Identifier: LGPL-2.1-or-later
// Output of services: cut into lines, named after the service, kept for `logs`.
//
// Each service writes into one pipe that lives as long as box-init: a restart needs no new
// descriptor, and output of what outlives it is not lost. A console that takes nothing does not
// hold PID 1 up: lines are then lost, counted, and still kept.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/init/limits.h"

namespace boxctl::init {

enum class LogFormat : uint8_t { prefix, json };

/// One line on its way to the console; at most what a pipe takes in one piece (pipe(7)).
class LogWriter {
 public:
    LogWriter(int fd, LogFormat format) : fd_(fd), format_(format) {}

    /// Writes one line of `service`, with no newline in it.
    void write(const char* service, const char* text, size_t length);

    [[nodiscard]] uint64_t lost() const { return lost_; }

 private:
    int fd_;
    LogFormat format_;
    uint64_t lost_ = 0;
};

/// What a service has written: the beginning of a line that is not finished, and the latest lines.
class LogBuffer {
 public:
    /// Takes bytes as they come and passes whole lines on.
    void take(const char* bytes, size_t count, const char* service, LogWriter& writer);
    /// Passes on what has no newline yet: the service has ended.
    void flush(const char* service, LogWriter& writer);

    /// The latest whole lines, oldest first, into `to`; their length, at most kLogKept.
    size_t copy_latest(char (&to)[kLogKept]) const;

 private:
    void end_line(const char* service, LogWriter& writer);
    void keep(const char* bytes, size_t count);

    char line_[kLogLine] = {};
    size_t used_ = 0;
    char kept_[kLogKept] = {};
    uint64_t written_ = 0;  ///< bytes ever put into kept_, a ring
};

}  // namespace boxctl::init
