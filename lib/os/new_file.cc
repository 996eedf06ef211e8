// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/new_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::os {

Result<void> write_all(BorrowedFd fd, std::string_view text, const std::string& path) {
    const ssize_t written = write(fd.get(), text.data(), text.size());
    if (written < 0) return errno_error("write " + quote(path));
    if (static_cast<size_t>(written) != text.size()) return Error(EIO, "write " + quote(path));
    return {};
}

Result<NewFile> NewFile::write(BorrowedFd dir, const std::string& name, std::string_view text,
                               mode_t mode) {
    NewFile made(BOX_TRY(duplicate(dir)), name);
    const std::string path = made.temporary();
    if (unlinkat(dir.get(), path.c_str(), 0) < 0 && errno != ENOENT) {
        return errno_error("remove " + quote(path));
    }
    constexpr int kAnew = O_WRONLY | O_CREAT | O_EXCL;
    const UniqueFd file = BOX_TRY(open_in(dir, path, kAnew, Follow::no_symlinks, mode));
    BOX_TRY(write_all(file, text, name));
    return made;
}

NewFile::~NewFile() {
    if (dir_.valid()) (void)unlinkat(dir_.get(), temporary().c_str(), 0);
}

Result<void> NewFile::publish() {
    const std::string path = temporary();
    if (renameat(dir_.get(), path.c_str(), dir_.get(), name_.c_str()) < 0) {
        return errno_error("rename to " + quote(name_));
    }
    dir_.reset();
    return {};
}

}  // namespace boxctl::os
