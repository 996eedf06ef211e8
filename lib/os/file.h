// SPDX-License-Identifier: LGPL-2.1-or-later
// Files: opening below a directory that may be hostile, bounded reads, whole-file writes.
//
// A box's tree is only ever entered through the *_in functions: the path is resolved by
// openat2(2) with the directory as its root, and magic links are refused, so no name in the tree,
// however it changes meanwhile, leads outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "lib/os/fd.h"

namespace boxctl::os {

/// How a path inside a tree is followed. Magic links are refused in every case.
enum class Follow {
    in_root,      ///< symbolic links are followed, absolute ones and ".." stay inside the tree
    no_symlinks,  ///< any symbolic link on the way is an error (ELOOP)
};

/// openat2(2) of `path` with `root` as "/". `flags` as for open(2); O_CLOEXEC|O_NOCTTY are added.
Result<UniqueFd> open_in(BorrowedFd root, const std::string& path, int flags,
                         Follow follow = Follow::in_root, mode_t mode = 0);

/// Opens a path of the host. `flags` as for open(2); O_CLOEXEC|O_NOCTTY are added.
Result<UniqueFd> open_host(const std::string& path, int flags, mode_t mode = 0);

/// Like open_host for a path a user named (a bind source, the root): /proc magic links are refused.
Result<UniqueFd> open_named(const std::string& path, int flags);

/// Makes every missing directory of `path` below `root` with mode 0755 and opens the last one
/// (O_PATH). Existing symbolic links are followed inside the tree.
Result<UniqueFd> make_directories_in(BorrowedFd root, const std::string& path);

/// Up to `limit` bytes; EFBIG when there is more. For host files.
Result<std::string> read_file(const std::string& path, size_t limit = 1U << 20U);
Result<std::string> read_fd(BorrowedFd fd, size_t limit = 1U << 20U);

/// Reads a regular file of a hostile tree: never blocks on a FIFO, never opens a device, never
/// leaves the tree, never reads more than `limit` bytes (EFBIG).
Result<std::string> read_untrusted(BorrowedFd root, const std::string& path, size_t limit);

/// One write(2) of the whole text to an existing file (kernel interfaces want exactly one).
Result<void> write_file(const std::string& path, std::string_view text);
Result<void> write_file_at(BorrowedFd dir, const std::string& path, std::string_view text);

/// Replaces dir/name as a whole: a temporary file beside it, then rename(2). Not synced to disk:
/// for files in /run, which no power cut survives anyway.
Result<void> replace_file_at(BorrowedFd dir, const std::string& name, std::string_view text,
                             mode_t mode);

/// rename(2) of dir/from to dir/to, whose contents and place are on disk (fsync(2)) afterwards.
Result<void> move_file_at(BorrowedFd dir, const std::string& from, const std::string& to);
Result<void> remove_file_at(BorrowedFd dir, const std::string& name);

/// mkdir -p on the host with `mode` for new directories; opens the last one (O_DIRECTORY).
Result<UniqueFd> make_host_directories(const std::string& path, mode_t mode);

Result<struct stat> status_of(BorrowedFd fd);
/// Which mount `fd` was opened on (statx(2), STATX_MNT_ID).
Result<uint64_t> mount_id(BorrowedFd fd);
/// The same by a number that no other mount ever gets (STATX_MNT_ID_UNIQUE); 0 before Linux 6.8.
Result<uint64_t> unique_mount_id(BorrowedFd fd);
/// fstatfs(2) magic number of the file system behind `fd`.
Result<uint64_t> filesystem_magic(BorrowedFd fd);

/// Names in the directory, without "." and "..", at most `limit` of them (E2BIG).
Result<std::vector<std::string>> list_directory(BorrowedFd dir, size_t limit = 1U << 16U);

/// "/proc/self/fd/N": a path for calls that take no descriptor.
std::string fd_path(BorrowedFd fd);
/// Where a descriptor leads, as the calling process would name it; " (deleted)" behind it when it
/// has no name any more (proc_pid_fd(5)).
Result<std::string> host_path(BorrowedFd fd);

/// Lexical clean-up of an absolute path: "//", "." and trailing "/" go, ".." goes up, never above
/// /.
std::string normalize_path(std::string_view path);
bool is_absolute(std::string_view path);
/// Directory part and last component of a normalized absolute path ("/a/b" -> "/a", "b").
std::pair<std::string, std::string> split_path(const std::string& path);

}  // namespace boxctl::os
