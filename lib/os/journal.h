// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "lib/os/fd.h"

namespace boxctl::os {

/// Datagrams of fields, see JOURNAL_NATIVE_PROTOCOL of systemd.
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

/// Whether `fd` is the stream to the journal that a service manager gave us: $JOURNAL_STREAM names
/// it (systemd.exec(5)), and programs that we were started by may have put something else in place.
bool is_journal_stream(BorrowedFd fd);

}  // namespace boxctl::os
