// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/file.h"

#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/new_file.h"

namespace boxctl::os {
namespace {

Result<UniqueFd> openat2_at(BorrowedFd dir, const std::string& path, int flags, uint64_t resolve,
                            mode_t mode) {
    if (path.find('\0') != std::string::npos) return Error(EINVAL, "open " + quote(path));
    struct open_how how = {};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    if ((flags & O_PATH) == 0) how.flags |= O_NOCTTY;
    how.mode = mode;
    how.resolve = resolve;
    // EAGAIN: the kernel could not prove that a concurrent rename did not lead outside.
    for (int attempt = 0;; attempt++) {
        const long fd = syscall(SYS_openat2, dir.get(), path.c_str(), &how, sizeof how);
        if (fd >= 0) return UniqueFd(static_cast<int>(fd));
        if (errno != EINTR && (errno != EAGAIN || attempt >= 128)) {
            return errno_error("open " + quote(path));
        }
    }
}

}  // namespace

Result<UniqueFd> open_in(BorrowedFd root, const std::string& path, int flags, Follow follow,
                         mode_t mode) {
    uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    if (follow == Follow::no_symlinks) resolve |= RESOLVE_NO_SYMLINKS;
    return openat2_at(root, path, flags, resolve, mode);
}

Result<UniqueFd> open_host(const std::string& path, int flags, mode_t mode) {
    return openat2_at(BorrowedFd::cwd(), path, flags, 0, mode);
}

Result<UniqueFd> open_named(const std::string& path, int flags) {
    return openat2_at(BorrowedFd::cwd(), path, flags, RESOLVE_NO_MAGICLINKS, 0);
}

Result<UniqueFd> make_directories_in(BorrowedFd root, const std::string& path) {
    std::string done;
    UniqueFd at = BOX_TRY(open_in(root, "/", O_PATH | O_DIRECTORY));
    for (const std::string& name : split(normalize_path(path), '/')) {
        if (name.empty()) continue;
        done += "/" + name;
        auto next = open_in(root, done, O_PATH | O_DIRECTORY);
        if (!next && next.error().code() == ENOENT) {
            // The parent is held by descriptor; a dangling link in the last place gives EEXIST and
            // then ENOENT again below, so nothing is ever made outside the tree.
            if (mkdirat(at.get(), name.c_str(), 0755) < 0 && errno != EEXIST) {
                return errno_error("make directory " + quote(done));
            }
            next = open_in(root, done, O_PATH | O_DIRECTORY);
        }
        if (!next) return std::move(next).error();
        at = std::move(next).value();
    }
    return at;
}

Result<std::string> read_fd(BorrowedFd fd, size_t limit) {
    std::string text;
    char buffer[16384];
    while (true) {
        const ssize_t got = read(fd.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error("read");
        if (got == 0) return text;
        if (text.size() + static_cast<size_t>(got) > limit) return Error(EFBIG, "read");
        text.append(buffer, static_cast<size_t>(got));
    }
}

Result<std::string> read_file(const std::string& path, size_t limit) {
    const UniqueFd fd = BOX_TRY(open_host(path, O_RDONLY));
    return read_fd(fd, limit).context(quote(path));
}

Result<std::string> read_untrusted(BorrowedFd root, const std::string& path, size_t limit) {
    const UniqueFd fd = BOX_TRY(open_in(root, path, O_RDONLY | O_NONBLOCK));
    const struct stat status = BOX_TRY(status_of(fd));
    if (!S_ISREG(status.st_mode)) return Error("read " + quote(path) + ": not a regular file");
    return read_fd(fd, limit).context(quote(path));
}

Result<void> write_file_at(BorrowedFd dir, const std::string& path, std::string_view text) {
    const UniqueFd fd = BOX_TRY(openat2_at(dir, path, O_WRONLY, 0, 0));
    return write_all(fd, text, path);
}

Result<void> write_file(const std::string& path, std::string_view text) {
    return write_file_at(BorrowedFd::cwd(), path, text);
}

Result<void> replace_file_at(BorrowedFd dir, const std::string& name, std::string_view text,
                             mode_t mode) {
    NewFile file = BOX_TRY(NewFile::write(dir, name, text, mode));
    return file.publish();
}

Result<void> move_file_at(BorrowedFd dir, const std::string& from, const std::string& to) {
    const UniqueFd file = BOX_TRY(open_in(dir, from, O_RDONLY, Follow::no_symlinks));
    if (fsync(file.get()) < 0) return errno_error("write " + quote(from) + " to disk");
    if (renameat(dir.get(), from.c_str(), dir.get(), to.c_str()) < 0) {
        return errno_error("rename to " + quote(to));
    }
    if (fsync(dir.get()) < 0) return errno_error("write " + quote(to) + " to disk");
    return {};
}

Result<void> remove_file_at(BorrowedFd dir, const std::string& name) {
    if (unlinkat(dir.get(), name.c_str(), 0) < 0) return errno_error("remove " + quote(name));
    return {};
}

Result<UniqueFd> make_host_directories(const std::string& path, mode_t mode) {
    std::string done;
    for (const std::string& name : split(normalize_path(path), '/')) {
        if (name.empty()) continue;
        done += "/" + name;
        if (mkdir(done.c_str(), mode) < 0 && errno != EEXIST) {
            return errno_error("make directory " + quote(done));
        }
    }
    return open_host(path, O_RDONLY | O_DIRECTORY);
}

Result<struct stat> status_of(BorrowedFd fd) {
    struct stat status = {};
    if (fstat(fd.get(), &status) < 0) return errno_error("stat");
    return status;
}

Result<uint64_t> mount_id(BorrowedFd fd) {
    struct statx status = {};
    if (statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) < 0) {
        return errno_error("look at a mount");
    }
    return status.stx_mnt_id;
}

Result<uint64_t> unique_mount_id(BorrowedFd fd) {
    constexpr unsigned kUniqueId = 0x4000;  // STATX_MNT_ID_UNIQUE, younger than the headers
    struct statx status = {};
    if (statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kUniqueId, &status) < 0) {
        return errno_error("look at a mount");
    }
    return (status.stx_mask & kUniqueId) != 0 ? status.stx_mnt_id : 0;
}

Result<uint64_t> filesystem_magic(BorrowedFd fd) {
    struct statfs status = {};
    if (fstatfs(fd.get(), &status) < 0) return errno_error("statfs");
    return static_cast<uint64_t>(status.f_type);
}

Result<std::vector<std::string>> list_directory(BorrowedFd dir, size_t limit) {
    UniqueFd own = BOX_TRY(openat2_at(dir, ".", O_RDONLY | O_DIRECTORY, 0, 0));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own.get()), closedir);
    if (!stream) return errno_error("list directory");
    (void)own.release();
    std::vector<std::string> names;
    while (true) {
        errno = 0;
        const dirent* entry = readdir(stream.get());
        if (entry == nullptr && errno != 0) return errno_error("list directory");
        if (entry == nullptr) return names;
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (names.size() >= limit) return Error(E2BIG, "list directory");
        names.emplace_back(name);
    }
}

std::string fd_path(BorrowedFd fd) {
    return format("/proc/self/fd/%d", fd.get());
}

Result<std::string> host_path(BorrowedFd fd) {
    char path[PATH_MAX];
    const ssize_t length = readlink(fd_path(fd).c_str(), path, sizeof path);
    if (length < 0) return errno_error("find the path of a descriptor");
    return std::string(path, static_cast<size_t>(length));
}

std::string normalize_path(std::string_view path) {
    std::vector<std::string> kept;
    for (std::string& part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            kept.push_back(std::move(part));
        } else if (!kept.empty()) {
            kept.pop_back();
        }
    }
    return "/" + join(kept, "/");
}

bool is_absolute(std::string_view path) {
    return !path.empty() && path.front() == '/';
}

std::pair<std::string, std::string> split_path(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {".", path};
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace boxctl::os
