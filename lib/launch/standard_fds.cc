// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/standard_fds.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::launch {

Result<void> check_handed_on(int fd) {
    static constexpr const char* kNames[] = {"standard input", "standard output", "standard error"};
    const std::string name = fd <= 2 ? kNames[fd] : format("passed descriptor %d", fd);
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 && fd > 2) return Error(EBADF, name);
    if (flags < 0) return {};  // closed by the caller; the box gets it closed
    if (isatty(fd) == 1) return Error(name + " is a terminal of the host");
    const struct stat status = BOX_TRY(os::status_of(os::BorrowedFd(fd)));
    if (S_ISDIR(status.st_mode) || (flags & O_PATH) != 0) {
        return Error(name + " is a directory of the host, which leads out of the box");
    }
    return {};
}

}  // namespace boxctl::launch
