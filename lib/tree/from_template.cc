// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/tree/from_template.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/death_watch.h"
#include "lib/os/file.h"
#include "lib/tree/copy.h"
#include "lib/tree/remove.h"

namespace boxctl::tree {
namespace {

constexpr int kTries = 16;

std::string hidden_prefix(const std::string& name) {
    return ".#" + name + ".box-";
}

Result<std::string> hidden_name(const std::string& name) {
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
        return errno_error("get a random number");
    }
    return hidden_prefix(name) + format("%016llx", static_cast<unsigned long long>(number));
}

/// Whoever makes a copy holds a lock on its directory; without one it is a leftover. One that
/// cannot be removed is in nobody's way.
void remove_leftovers(os::BorrowedFd parent, const std::string& name) {
    const auto names = os::list_directory(parent);
    if (!names) return;
    for (const std::string& other : *names) {
        if (!other.starts_with(hidden_prefix(name))) continue;
        const auto fd = os::open_in(parent, other, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
        if (!fd || flock(fd->get(), LOCK_EX | LOCK_NB) < 0) continue;
        const auto removed = remove(parent, other);
        if (!removed) log::debug(removed.error().message() + ", ignoring");
    }
}

struct Hidden {
    std::string name;
    os::UniqueFd directory;
    os::DeathWatch watch;
};

Result<Hidden> make_hidden(const os::UniqueFd& parent, const std::string& name) {
    for (int i = 0; i < kTries; i++) {
        Hidden made;
        made.name = BOX_TRY(hidden_name(name));
        // Before the directory is there: no moment without somebody who would remove it. From here
        // on a child sleeps that has this process's rights and nothing but this descriptor.
        const int parent_fd = parent.get();
        const std::string hidden = made.name;
        made.watch = BOX_TRY(os::DeathWatch::start("boxctl-template", {parent_fd}, [=] {
            // Nobody is left to be told.
            (void)remove(os::BorrowedFd(parent_fd), hidden).has_value();
        }));
        if (mkdirat(parent_fd, made.name.c_str(), 0700) < 0) return errno_error("make a directory");
        auto opened =
                os::open_in(parent, made.name, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
        if (!opened && opened.error().code() == ENOENT) continue;
        made.directory = BOX_TRY(std::move(opened));
        // Another start may have taken it for a leftover in between.
        if (flock(made.directory.get(), LOCK_EX | LOCK_NB) < 0) continue;
        if (BOX_TRY(os::status_of(made.directory)).st_nlink == 0) continue;
        return made;
    }
    return Error(EBUSY, "make a directory");
}

Result<void> publish(os::BorrowedFd parent, const Hidden& made, const std::string& name) {
    // A tree whose name is on the disk before its files would be a half-made one after a power cut.
    if (syncfs(made.directory.get()) < 0) return errno_error("write it to the disk");
    const auto rename_it = [&](unsigned flags) {
        return renameat2(parent.get(), made.name.c_str(), parent.get(), name.c_str(), flags) == 0;
    };
    // Not every file system can refuse to replace; an empty directory at most is lost there.
    if (rename_it(RENAME_NOREPLACE) || (errno == EINVAL && rename_it(0))) return {};
    if (errno == EEXIST || errno == ENOTEMPTY) return remove(parent, made.name);
    return errno_error("name it");
}

/// A copy inside of what is copied would have no end.
Result<void> check_apart(os::BorrowedFd source, os::BorrowedFd parent) {
    const std::string from = BOX_TRY(os::host_path(source));
    const std::string above = BOX_TRY(os::host_path(parent));
    const bool inside = above.starts_with(from) &&
                        (above.size() == from.size() || above[from.size()] == '/' || from == "/");
    if (inside) return Error(EINVAL, "it would be inside of the template");
    return {};
}

}  // namespace

Result<void> make_from_template(os::BorrowedFd source, const std::string& target) {
    const std::string what = "make " + quote(target) + " from its template";
    const auto [above, name] = os::split_path(target);
    const os::UniqueFd parent = BOX_TRY(os::open_host(above, O_RDONLY | O_DIRECTORY).context(what));
    BOX_TRY(check_apart(source, parent).context(what));
    const os::UniqueFd readable = BOX_TRY(os::open_in(source, ".", O_RDONLY | O_DIRECTORY));
    remove_leftovers(parent, name);
    const Hidden made = BOX_TRY(make_hidden(parent, name).context(what));
    auto done = copy(readable, made.directory);
    if (done) done = publish(parent, made, name);
    if (done) return {};
    const auto removed = remove(parent, made.name);
    if (!removed) log::warning(removed.error().message());
    return std::move(done).context(what);
}

}  // namespace boxctl::tree
