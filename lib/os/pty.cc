// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/pty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/sysmacros.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::os {
namespace {

constexpr unsigned kFirstSlaveMajor = 136;  // Documentation/admin-guide/devices.txt
constexpr unsigned kLastSlaveMajor = 143;

bool is_slave(const struct stat& status) {
    const unsigned device = major(status.st_rdev);
    return S_ISCHR(status.st_mode) && device >= kFirstSlaveMajor && device <= kLastSlaveMajor;
}

}  // namespace

Result<bool> is_devpts(BorrowedFd directory) {
    return BOX_TRY(filesystem_magic(directory)) == DEVPTS_SUPER_MAGIC;
}

Result<bool> is_pty_slave_of(BorrowedFd terminal, BorrowedFd devpts) {
    const struct stat status = BOX_TRY(status_of(terminal));
    return is_slave(status) && status.st_dev == BOX_TRY(status_of(devpts)).st_dev;
}

Result<PtyPair> open_pty(BorrowedFd devpts) {
    PtyPair pty;
    pty.master = BOX_TRY(open_in(devpts, "/ptmx", O_RDWR, Follow::no_symlinks));
    if (BOX_TRY(filesystem_magic(pty.master)) != DEVPTS_SUPER_MAGIC) {
        return Error("open a terminal: not a devpts");
    }
    int unlock = 0;
    if (ioctl(pty.master.get(), TIOCSPTLCK, &unlock) < 0) return errno_error("unlock a terminal");
    pty.slave.reset(ioctl(pty.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!pty.slave.valid()) return errno_error("open the terminal's other end");
    const struct stat status = BOX_TRY(status_of(pty.slave));
    if (!is_slave(status)) {
        return Error("open a terminal: its other end is not a terminal");
    }
    return pty;
}

Result<std::string> pty_line(BorrowedFd master) {
    unsigned number = 0;
    if (ioctl(master.get(), TIOCGPTN, &number) < 0) return errno_error("number of a terminal");
    return format("/dev/pts/%u", number);
}

Result<winsize> window_size(BorrowedFd terminal) {
    winsize size = {};
    if (ioctl(terminal.get(), TIOCGWINSZ, &size) < 0) return errno_error("read the window size");
    return size;
}

Result<void> set_window_size(BorrowedFd terminal, const winsize& size) {
    if (ioctl(terminal.get(), TIOCSWINSZ, &size) < 0) return errno_error("set the window size");
    return {};
}

}  // namespace boxctl::os
