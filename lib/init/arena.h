// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for what is read from service files: handed out while reading, never given back. Static,
// so that a supervisor that has read its files cannot run out of memory any more; pages that
// nothing was put into are never touched.
#pragma once

#include <stddef.h>

namespace boxctl::init {

/// `size` zeroed bytes, aligned for pointers; null when kMaxServiceText is used up.
void* take_memory(size_t size);

/// A copy of `length` bytes of `text` with a zero behind it; null when there is no room.
char* keep_text(const char* text, size_t length);

/// Forgets all that was handed out: for tests, which read many files in one life.
void reset_memory();

}  // namespace boxctl::init
