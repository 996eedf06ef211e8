// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/tree/remove.h"

#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::tree {

Result<void> remove(os::BorrowedFd parent, const std::string& name) {
    if (unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return errno_error("remove " + quote(name));
    if (unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) return {};
    if (errno != ENOTEMPTY && errno != EEXIST) return errno_error("remove " + quote(name));
    const os::UniqueFd directory =
            BOX_TRY(os::open_in(parent, name, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks));
    constexpr size_t kAll = std::numeric_limits<size_t>::max();
    for (const std::string& inside : BOX_TRY(os::list_directory(directory, kAll)))
        BOX_TRY(remove(directory, inside));
    if (unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) < 0) {
        return errno_error("remove " + quote(name));
    }
    return {};
}

}  // namespace boxctl::tree
