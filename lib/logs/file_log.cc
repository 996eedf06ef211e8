// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/file_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/logs/entry.h"
#include "lib/os/file.h"

namespace boxctl::logs {

// An existing one is continued, as after a reboot of the box.
// check-style: the directory is ours alone, so no O_EXCL
Result<void> FileLog::open() {
    constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    os::UniqueFd file(openat(directory_.get(), kLogName, kFlags, 0600));
    if (!file.valid()) return errno_error("open " + quote(kLogName));
    size_ = static_cast<size_t>(BOX_TRY(os::status_of(file)).st_size);
    file_ = std::move(file);
    return {};
}

Result<void> FileLog::rotate() {
    file_.reset();
    if (renameat(directory_.get(), kLogName, directory_.get(), kOldLogName) < 0 &&
        errno != ENOENT) {
        return errno_error("rename " + quote(kLogName));
    }
    return open();
}

/// Half of it would be a torn line: it is taken back when the rest cannot follow. What cannot be
/// taken back is read as one (parse_entry()).
Result<void> FileLog::write(std::string_view entries) {
    size_t done = 0;
    while (done < entries.size()) {
        const ssize_t written = ::write(file_.get(), entries.data() + done, entries.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            Error error = errno_error("write " + quote(kLogName));
            if (ftruncate(file_.get(), static_cast<off_t>(size_)) < 0) size_ += done;
            return error;
        }
        done += static_cast<size_t>(written);
    }
    size_ += done;
    return {};
}

Result<void> FileLog::append(std::string_view entries, size_t bytes) {
    const auto attempt = [&]() -> Result<void> {
        if (!file_.valid()) BOX_TRY(open());
        if (size_ + entries.size() + 2 * kEntryHead > kMostLogBytes) BOX_TRY(rotate());
        if (lost_ == 0) return write(entries);
        std::string all;
        append_entry(all, format_time(wall_clock()),
                     format("boxctl: %ju bytes of output are missing here", uintmax_t{lost_}),
                     true);
        all += entries;
        return write(all);
    };
    auto done = attempt();
    lost_ = done ? 0 : lost_ + bytes;
    return done;
}

}  // namespace boxctl::logs
