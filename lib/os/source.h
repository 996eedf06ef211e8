// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "lib/os/fd.h"

namespace boxctl::os {

/// Opens (O_PATH) a host path that is going to be shown in a box, an absolute one.
///
/// Part of the path may belong to a user who is not root and who exchanges things while we look
/// (B13): a symbolic link of such a user is followed only to what is that user's own, so it cannot
/// lend root's reach. Links of root and of the caller are followed anywhere; magic links of /proc
/// never (ELOOP).
Result<UniqueFd> open_source(const std::string& path);

}  // namespace boxctl::os
