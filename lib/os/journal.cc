// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/journal.h"

#include <cstdint>
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::os {

bool is_journal_stream(BorrowedFd fd) {
    const char* stream = getenv("JOURNAL_STREAM");
    if (stream == nullptr) return false;
    const auto status = status_of(fd);
    return status &&
           format("%ju:%ju", uintmax_t{status->st_dev}, uintmax_t{status->st_ino}) == stream;
}

}  // namespace boxctl::os
