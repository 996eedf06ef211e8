// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/tree/copy_file.h"

#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::tree {
namespace {

constexpr size_t kChunk = 1U << 20U;

/// For file systems between which the kernel does not copy.
Result<void> copy_by_hand(os::BorrowedFd from, os::BorrowedFd to, off_t at, off_t end) {
    std::vector<char> buffer(kChunk);
    while (at < end) {
        const size_t most = std::min<size_t>(buffer.size(), static_cast<size_t>(end - at));
        const ssize_t got = pread(from.get(), buffer.data(), most, at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error("read");
        if (got == 0) return {};  // it has become shorter
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = pwrite(to.get(), buffer.data() + done,
                                       static_cast<size_t>(got - done), at + done);
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return errno_error("write");
            done += put;
        }
        at += got;
    }
    return {};
}

Result<void> copy_range(os::BorrowedFd from, os::BorrowedFd to, off_t at, off_t end) {
    while (at < end) {
        off_t in = at;
        off_t out = at;
        const ssize_t got =
                copy_file_range(from.get(), &in, to.get(), &out, static_cast<size_t>(end - at), 0);
        if (got < 0 && errno == EINTR) continue;
        const bool unable = got < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP ||
                                        errno == ENOSYS);
        // Nothing at all: some file systems say so of a file that has something
        // (copy_file_range(2)).
        if (unable || got == 0) return copy_by_hand(from, to, at, end);
        if (got < 0) return errno_error("copy");
        at += got;
    }
    return {};
}

Result<std::vector<char>> read_attribute(const std::string& path, const char* name) {
    std::vector<char> value(256);
    while (true) {
        const ssize_t got = lgetxattr(path.c_str(), name, value.data(), value.size());
        if (got >= 0) {
            value.resize(static_cast<size_t>(got));
            return value;
        }
        if (errno != ERANGE || value.size() > XATTR_SIZE_MAX) return errno_error("read");
        value.resize(XATTR_SIZE_MAX + 1);
    }
}

Result<void> copy_extended(const std::string& from, const std::string& to) {
    std::vector<char> names(XATTR_LIST_MAX);
    const ssize_t size = llistxattr(from.c_str(), names.data(), names.size());
    if (size < 0 && errno == ENOTSUP) return {};
    if (size < 0) return errno_error("list extended attributes");
    const char* name = names.data();
    for (const char* const end = name + size; name < end;
         name += std::string_view(name).size() + 1) {
        const std::string what = "extended attribute " + quote(name);
        const auto value = BOX_TRY(read_attribute(from, name).context(what));
        if (lsetxattr(to.c_str(), name, value.data(), value.size(), 0) < 0) {
            return errno_error("set " + what);
        }
    }
    return {};
}

}  // namespace

std::string Entry::path() const {
    return os::fd_path(directory) + "/" + name;
}

Result<void> copy_contents(os::BorrowedFd from, os::BorrowedFd to, off_t size) {
    if (size == 0 || ioctl(to.get(), FICLONE, from.get()) == 0) return {};
    off_t at = 0;
    while (at < size) {
        const off_t data = lseek(from.get(), at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;  // the rest is a hole
        if (data < 0) return errno_error("look for data");
        const off_t hole = lseek(from.get(), data, SEEK_HOLE);
        if (hole < 0) return errno_error("look for a hole");
        BOX_TRY(copy_range(from, to, data, std::min(hole, size)));
        at = hole;
    }
    if (ftruncate(to.get(), size) < 0) return errno_error("set the size");
    return {};
}

Result<void> copy_attributes(const Entry& from, const Entry& to, const struct stat& status) {
    const int directory = to.directory.get();
    if (fchownat(directory, to.name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) <
        0) {
        return errno_error("set the owner");
    }
    const bool link = S_ISLNK(status.st_mode);  // has no mode of its own
    if (!link && fchmodat(directory, to.name.c_str(), status.st_mode & 07777U, 0) < 0) {
        return errno_error("set the mode");
    }
    BOX_TRY(copy_extended(from.path(), to.path()));
    const timespec times[] = {status.st_atim, status.st_mtim};
    if (utimensat(directory, to.name.c_str(), times, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno_error("set the times");
    }
    return {};
}

}  // namespace boxctl::tree
