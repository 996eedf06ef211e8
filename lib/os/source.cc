// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/source.h"

#include <deque>
#include <optional>

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::os {
namespace {

constexpr int kMostLinks = 40;  // as the kernel (path_resolution(7))

void push_front(std::deque<std::string>& parts, const std::string& path) {
    const std::vector<std::string> more = split(path, '/');
    parts.insert(parts.begin(), more.begin(), more.end());
}

Result<std::string> read_link(BorrowedFd link) {
    // A link of procfs is no text but a door: what it shows need not be where it leads.
    if (BOX_TRY(filesystem_magic(link)) == PROC_SUPER_MAGIC)
        return Error(ELOOP, "follow a magic link");
    char target[PATH_MAX];
    const ssize_t length = readlinkat(link.get(), "", target, sizeof target);
    if (length < 0) return errno_error("read a link");
    return std::string(target, static_cast<size_t>(length));
}

/// Walks component by component, each held by descriptor before it is looked at.
Result<UniqueFd> walk(const std::string& path) {
    UniqueFd at = BOX_TRY(open_host("/", O_PATH | O_DIRECTORY));
    std::deque<std::string> parts;
    push_front(parts, path);
    std::optional<uid_t> lender;  // the user whose link was followed
    int links = 0;
    while (!parts.empty()) {
        const std::string name = parts.front();
        parts.pop_front();
        if (name.empty() || name == ".") continue;
        UniqueFd next(openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!next.valid()) return errno_error("open " + quote(path));
        const struct stat status = BOX_TRY(status_of(next));
        if (!S_ISLNK(status.st_mode)) {
            at = std::move(next);
            continue;
        }
        if (++links > kMostLinks) return Error(ELOOP, "open " + quote(path));
        if (status.st_uid != 0 && status.st_uid != geteuid()) lender = status.st_uid;
        const std::string target = BOX_TRY(read_link(next).context("open " + quote(path)));
        push_front(parts, target);
        if (is_absolute(target)) at = BOX_TRY(open_host("/", O_PATH | O_DIRECTORY));
    }
    if (lender && BOX_TRY(status_of(at)).st_uid != *lender) {
        Error error(format("open %s: a link of user %u leads to what is not that user's",
                           quote(path).c_str(), *lender));
        error.set_hint("name the place itself");
        return error;
    }
    return at;
}

}  // namespace

Result<UniqueFd> open_source(const std::string& path) {
    struct open_how how = {};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    const long fd = syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno == ELOOP) return walk(path);
    return errno_error("open " + quote(path));
}

}  // namespace boxctl::os
