// SPDX-License-Identifier: LGPL-2.1-or-later
// Small files, read whole into memory that is there already, and files of the kernel written.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

namespace boxctl::init {

/// Whether `error` says that the system, or we, have run out of something: nothing is said about
/// what was asked for, and it may work a moment later.
bool is_shortage(int error);

/// Reads `name` in `directory` (AT_FDCWD for an absolute path) into `text`, with a zero behind it.
/// Returns its length, or -1 with errno (EFBIG: it does not fit).
ssize_t read_small(int directory, const char* name, char* text, size_t room);

/// Writes `text` to the existing file `name` in `directory`; 0 or errno.
int write_small(int directory, const char* name, const char* text);

/// The same for a number.
int write_number(int directory, const char* name, uint64_t number);

}  // namespace boxctl::init
