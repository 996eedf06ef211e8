// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/tree/copy.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include <fcntl.h>
#include <limits.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/tree/copy_file.h"

namespace boxctl::tree {
namespace {

constexpr size_t kMostNames = std::numeric_limits<size_t>::max();

class Copier {
 public:
    Copier(os::BorrowedFd to, dev_t device) : root_(to), device_(device) {}

    /// What is in `from` into `to`; `path` names both below their roots.
    Result<void> fill(os::BorrowedFd from, os::BorrowedFd to, const std::string& path) {
        std::vector<std::string> names = BOX_TRY(os::list_directory(from, kMostNames));
        std::sort(names.begin(), names.end());
        for (const std::string& name : names) {
            const std::string below = path.empty() ? name : path + "/" + name;
            auto done = copy_entry({from, name}, {to, name}, below);
            if (done) continue;
            // The innermost name says it all.
            if (named_) return done;
            named_ = true;
            return std::move(done).context("copy " + quote(below));
        }
        return {};
    }

 private:
    Result<void> copy_entry(const Entry& from, const Entry& to, const std::string& path) {
        struct stat status = {};
        if (fstatat(from.directory.get(), from.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
            return errno == ENOENT ? Result<void>() : errno_error("look at it");  // gone meanwhile
        }
        if (S_ISDIR(status.st_mode)) return copy_directory(from, to, path, status);
        const bool linked = status.st_nlink > 1;
        const auto first = linked ? links_.find(status.st_ino) : links_.end();
        if (first != links_.end()) {
            if (linkat(root_.get(), first->second.c_str(), to.directory.get(), to.name.c_str(), 0) <
                0) {
                return errno_error("link it to " + quote(first->second));
            }
            return {};
        }
        if (linked) links_.emplace(status.st_ino, path);
        BOX_TRY(make_node(from, to, status));
        return copy_attributes(from, to, status);
    }

    Result<void> copy_directory(const Entry& from, const Entry& to, const std::string& path,
                                const struct stat& status) {
        if (mkdirat(to.directory.get(), to.name.c_str(), 0700) < 0) {
            return errno_error("make the directory");
        }
        if (status.st_dev == device_) {
            constexpr int kFlags = O_RDONLY | O_DIRECTORY;
            const os::UniqueFd inside = BOX_TRY(
                    os::open_in(from.directory, from.name, kFlags, os::Follow::no_symlinks));
            const os::UniqueFd made =
                    BOX_TRY(os::open_in(to.directory, to.name, kFlags, os::Follow::no_symlinks));
            BOX_TRY(fill(inside, made, path));
        }
        return copy_attributes(from, to, status);
    }

    static Result<void> make_node(const Entry& from, const Entry& to, const struct stat& status) {
        if (S_ISREG(status.st_mode)) return make_file(from, to);
        if (S_ISLNK(status.st_mode)) return make_link(from, to);
        if (mknodat(to.directory.get(), to.name.c_str(), (status.st_mode & S_IFMT) | 0600U,
                    status.st_rdev) < 0) {
            return errno_error("make the node");
        }
        return {};
    }

    static Result<void> make_file(const Entry& from, const Entry& to) {
        // It may have become something else: never wait for the other end of a FIFO.
        const os::UniqueFd in = BOX_TRY(os::open_in(
                from.directory, from.name, O_RDONLY | O_NONBLOCK, os::Follow::no_symlinks));
        const struct stat status = BOX_TRY(os::status_of(in));
        if (!S_ISREG(status.st_mode)) return Error(EAGAIN, "it changes");
        const os::UniqueFd out = BOX_TRY(os::open_in(
                to.directory, to.name, O_RDWR | O_CREAT | O_EXCL, os::Follow::no_symlinks, 0600));
        return copy_contents(in, out, status.st_size);
    }

    static Result<void> make_link(const Entry& from, const Entry& to) {
        char target[PATH_MAX];
        const ssize_t length =
                readlinkat(from.directory.get(), from.name.c_str(), target, sizeof target);
        if (length < 0) return errno_error("read the link");
        const std::string text(target, static_cast<size_t>(length));
        if (symlinkat(text.c_str(), to.directory.get(), to.name.c_str()) < 0) {
            return errno_error("make the link");
        }
        return {};
    }

    os::BorrowedFd root_;
    dev_t device_;
    std::unordered_map<ino_t, std::string> links_;  ///< the first name of each that has several
    bool named_ = false;
};

}  // namespace

Result<void> copy(os::BorrowedFd from, os::BorrowedFd to) {
    const struct stat status = BOX_TRY(os::status_of(from));
    BOX_TRY(Copier(to, status.st_dev).fill(from, to, ""));
    return copy_attributes({from, "."}, {to, "."}, status);
}

}  // namespace boxctl::tree
