// SPDX-License-Identifier: LGPL-2.1-or-later
// The state directory on disk.
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"
#include "lib/state/record.h"

namespace boxctl::state {
namespace {

constexpr const char* kRecordName = "state.json";
constexpr size_t kMostBytes = 256U << 10U;
constexpr unsigned kDeepest = 8;  ///< of the mount points that somebody makes below propagate/

std::string machine_path(const std::string& name) {
    return std::string(kDirectory) + "/" + name;
}

/// 0700 and root's, or nobody may trust what is in it (A12).
Result<void> make_private(const std::string& path) {
    if (mkdir(path.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return errno_error("make directory " + quote(path));
    const os::UniqueFd directory =
            BOX_TRY(os::open_host(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const struct stat status = BOX_TRY(os::status_of(directory));
    if (status.st_uid != geteuid() || (status.st_mode & 022U) != 0) {
        Error error(quote(path) + " belongs to somebody else");
        error.set_hint("remove it; boxctl makes it anew");
        return error;
    }
    return {};
}

/// What is mounted there stays, and with it the directory (EBUSY): it is not ours.
Result<void> empty_directory(os::BorrowedFd directory, const std::string& path, unsigned depth) {
    for (const std::string& entry : BOX_TRY(os::list_directory(directory))) {
        if (unlinkat(directory.get(), entry.c_str(), 0) == 0 || errno == ENOENT) continue;
        if (errno == EISDIR && unlinkat(directory.get(), entry.c_str(), AT_REMOVEDIR) == 0)
            continue;
        const std::string inner = path + "/" + entry;
        if (errno != ENOTEMPTY || depth == 0) return errno_error("remove " + quote(inner));
        const os::UniqueFd below =
                BOX_TRY(os::open_in(directory, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        BOX_TRY(empty_directory(below, inner, depth - 1));
        if (unlinkat(directory.get(), entry.c_str(), AT_REMOVEDIR) < 0) {
            return errno_error("remove " + quote(inner));
        }
    }
    return {};
}

}  // namespace

Result<void> make_directories() {
    BOX_TRY(make_private(kDirectory));
    return make_private(std::string(kDirectory) + "/.locks");
}

Result<os::UniqueFd> make_machine_directory(const std::string& name) {
    BOX_TRY(make_private(machine_path(name)));
    return open_machine_directory(name);
}

Result<os::UniqueFd> open_machine_directory(const std::string& name) {
    return os::open_host(machine_path(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<os::NewFile> prepare(const Record& record) {
    const os::UniqueFd directory = BOX_TRY(open_machine_directory(record.name));
    return os::NewFile::write(directory, kRecordName, to_json(record), 0600)
            .context("record the state of " + quote(record.name));
}

Result<void> write(const Record& record) {
    os::NewFile file = BOX_TRY(prepare(record));
    return file.publish().context("record the state of " + quote(record.name));
}

Result<Record> read(const std::string& name) {
    const std::string text =
            BOX_TRY(os::read_file(machine_path(name) + "/" + kRecordName, kMostBytes));
    Record record = BOX_TRY(from_json(text).context(quote(machine_path(name) + "/" + kRecordName)));
    if (record.name != name) return Error("the state of " + quote(name) + " is of another machine");
    return record;
}

Result<std::vector<std::string>> names() {
    auto directory = os::open_host(kDirectory, O_RDONLY | O_DIRECTORY);
    if (!directory && directory.error().code() == ENOENT) return std::vector<std::string>();
    if (!directory) return std::move(directory).error();
    std::vector<std::string> found = BOX_TRY(os::list_directory(*directory));
    std::erase_if(found, [](const std::string& name) { return name.starts_with("."); });
    std::sort(found.begin(), found.end());
    return found;
}

std::string attach_lock_path(const std::string& name, int index) {
    return machine_path(name) + format("/attached-%d", index);
}

std::string name_lock_path(const std::string& name) {
    return std::string(kDirectory) + "/.locks/" + name;
}

bool is_running(const std::string& name) {
    return os::is_locked(name_lock_path(name));
}

Result<void> remove(const std::string& name) {
    // Else it would be the directory of all machines.
    if (name.empty()) return Error(EINVAL, "remove the state of a machine without a name");
    const std::string path = machine_path(name);
    auto directory = os::open_host(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory && directory.error().code() == ENOENT) return {};
    if (!directory) return std::move(directory).error();
    // These two are often all there is.
    unlinkat(directory->get(), kRecordName, 0);
    unlinkat(directory->get(), "control", 0);
    if (rmdir(path.c_str()) == 0) return {};
    BOX_TRY(empty_directory(*directory, path, kDeepest));
    if (rmdir(path.c_str()) < 0 && errno != ENOENT) return errno_error("remove " + quote(path));
    return {};
}

Result<os::UniqueFd> open_process(const ProcessIdentity& identity) {
    // The descriptor first: what it refers to cannot change any more while the identity is checked.
    os::UniqueFd pidfd = BOX_TRY(os::open_pidfd(identity.pid));
    const auto started = os::start_time(identity.pid);
    if (!started || *started != identity.start_time) {
        return Error(ESRCH, format("process %d", identity.pid));
    }
    return pidfd;
}

}  // namespace boxctl::state
