// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/login_record.h"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>
#include <utmpx.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::shell {
namespace {

constexpr const char* kPath = "/var/run/utmp";
constexpr off_t kMostEntries = 4096;
constexpr auto kSize = static_cast<off_t>(sizeof(utmpx));

/// "pts/5". Of a pty the minor number is the number of the terminal (pts(4)).
Result<std::string> name_of(os::BorrowedFd terminal) {
    const struct stat status = BOX_TRY(os::status_of(terminal));
    return format("pts/%u", minor(status.st_rdev));
}

template <size_t Size>
void fill(char (&field)[Size], std::string_view text) {
    // Not ended by a zero when it is full (utmp(5)).
    std::memcpy(field, text.data(), std::min(text.size(), Size));
}

utmpx entry_of(const std::string& line, const std::string& user) {
    utmpx entry = {};
    entry.ut_type = USER_PROCESS;
    entry.ut_pid = getpid();
    entry.ut_session = getsid(0);
    fill(entry.ut_line, line);
    fill(entry.ut_id, line.size() > sizeof entry.ut_id
                              ? std::string_view(line).substr(line.size() - sizeof entry.ut_id)
                              : std::string_view(line));
    fill(entry.ut_user, user);
    timeval now = {};
    gettimeofday(&now, nullptr);
    entry.ut_tv.tv_sec = static_cast<decltype(entry.ut_tv.tv_sec)>(now.tv_sec);
    entry.ut_tv.tv_usec = static_cast<decltype(entry.ut_tv.tv_usec)>(now.tv_usec);
    return entry;
}

/// The place of an entry with this id, or behind the last (getutxid(3)).
Result<off_t> find_place(os::BorrowedFd file, const utmpx& wanted) {
    utmpx entry = {};
    for (off_t place = 0; place < kMostEntries * kSize; place += kSize) {
        const ssize_t got = pread(file.get(), &entry, sizeof entry, place);
        if (got < 0) return errno_error("read");
        if (got != static_cast<ssize_t>(sizeof entry)) return place;
        const bool of_process = entry.ut_type >= INIT_PROCESS && entry.ut_type <= DEAD_PROCESS;
        if (of_process && std::memcmp(entry.ut_id, wanted.ut_id, sizeof entry.ut_id) == 0) {
            return place;
        }
    }
    return Error(ENOSPC, "add an entry");
}

Result<void> lock(os::BorrowedFd file) {
    struct flock all = {};
    all.l_type = F_WRLCK;
    all.l_whence = SEEK_SET;
    if (fcntl(file.get(), F_OFD_SETLK, &all) < 0) return errno_error("lock");
    return {};
}

void unlock(os::BorrowedFd file) {
    struct flock all = {};
    all.l_type = F_UNLCK;
    all.l_whence = SEEK_SET;
    (void)fcntl(file.get(), F_OFD_SETLK, &all);
}

/// Returns the place.
Result<off_t> add(os::BorrowedFd file, const utmpx& entry) {
    BOX_TRY(lock(file));
    const auto place = find_place(file, entry);
    const ssize_t written = place ? pwrite(file.get(), &entry, sizeof entry, *place) : ssize_t{-1};
    Error error = errno_error("write");
    unlock(file);
    if (!place) return place.error();
    if (written != static_cast<ssize_t>(sizeof entry)) return error;
    return *place;
}

}  // namespace

Result<LoginRecord> LoginRecord::write(os::BorrowedFd root, os::BorrowedFd terminal,
                                       const std::string& user) {
    auto file = os::open_in(root, kPath, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (!file && (file.error().code() == ENOENT || file.error().code() == EROFS)) {
        return LoginRecord();
    }
    if (!file) return std::move(file).error();
    const struct stat status = BOX_TRY(os::status_of(*file));
    if (!S_ISREG(status.st_mode)) return Error(quote(kPath) + " is no file");
    LoginRecord record;
    record.place_ =
            BOX_TRY(add(*file, entry_of(BOX_TRY(name_of(terminal)), user)).context(quote(kPath)));
    record.file_ = std::move(*file);
    return record;
}

void end_login(os::BorrowedFd file, off_t place, pid_t pid) {
    utmpx entry = {};
    if (pread(file.get(), &entry, sizeof entry, place) != static_cast<ssize_t>(sizeof entry) ||
        entry.ut_type != USER_PROCESS || entry.ut_pid != pid) {
        return;
    }
    entry.ut_type = DEAD_PROCESS;
    std::memset(entry.ut_user, 0, sizeof entry.ut_user);
    // Who in the box looks at the list then shows one session too many; nobody is here to be told.
    if (pwrite(file.get(), &entry, sizeof entry, place) < 0) return;
}

}  // namespace boxctl::shell
