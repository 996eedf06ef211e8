// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/file_reader.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/logs/file_log.h"
#include "lib/os/file.h"

namespace boxctl::logs {
namespace {

/// None when there is no such file.
Result<os::UniqueFd> open_log(os::BorrowedFd directory, const char* name) {
    auto file = os::open_in(directory, name, O_RDONLY | O_NOFOLLOW);
    if (!file && file.error().code() == ENOENT) return os::UniqueFd();
    return file;
}

Result<bool> same_file(os::BorrowedFd one, os::BorrowedFd other) {
    const struct stat first = BOX_TRY(os::status_of(one));
    const struct stat second = BOX_TRY(os::status_of(other));
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

std::optional<Entry> LineJoiner::add(Entry entry) {
    if (line_) {
        line_->text += entry.text;
        line_->ends_line = entry.ends_line;
    } else {
        line_ = std::move(entry);
    }
    if (!line_->ends_line && line_->text.size() < kLongestLine) return std::nullopt;
    return finish();
}

void FileReader::take_lines(std::string_view data, const Take& take) {
    for (size_t end = 0; (end = data.find('\n')) != std::string_view::npos;) {
        rest_ += data.substr(0, end);
        data.remove_prefix(end + 1);
        if (auto entry = parse_entry(rest_)) take(*std::move(entry));
        rest_.clear();
    }
    rest_ += data;
}

/// False at the end of the file that is open.
Result<bool> FileReader::read_piece(const Take& take) {
    if (!file_.valid()) return false;
    std::array<char, 16384> piece;
    const ssize_t count = ::read(file_.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) return true;
    if (count < 0) return errno_error("read " + quote(kLogName));
    take_lines({piece.data(), static_cast<size_t>(count)}, take);
    return count > 0;
}

/// Begins with the old file, if there is one. Both are opened before either is read: a rotation
/// meanwhile then takes nothing away.
Result<void> FileReader::start() {
    for (;;) {
        os::UniqueFd newest = BOX_TRY(open_log(directory_, kLogName));
        os::UniqueFd old = BOX_TRY(open_log(directory_, kOldLogName));
        if (newest.valid() && old.valid() && BOX_TRY(same_file(newest, old))) continue;
        const bool rotated = old.valid();
        file_ = std::move(rotated ? old : newest);
        next_ = rotated ? std::move(newest) : os::UniqueFd();
        return {};
    }
}

/// Goes on to the file that follows; false when the newest is open already.
Result<bool> FileReader::next_file(const Take& take) {
    os::UniqueFd next = std::move(next_);
    if (!next.valid()) {
        next = BOX_TRY(open_log(directory_, kLogName));
        if (!next.valid()) return false;  // between the two steps of a rotation, or the box is gone
        if (file_.valid() && BOX_TRY(same_file(file_, next))) return false;
        os::UniqueFd old = BOX_TRY(open_log(directory_, kOldLogName));
        if (file_.valid() && old.valid() && !BOX_TRY(same_file(file_, old))) {
            take({wall_clock(), "boxctl: output was rotated away before it could be shown", true});
            next = std::move(old);
        }
    }
    // What came between the last look and the rotation; nobody writes there any more.
    while (BOX_TRY(read_piece(take))) {
    }
    rest_.clear();
    file_ = std::move(next);
    return true;
}

Result<void> FileReader::read(const Take& take) {
    if (!std::exchange(started_, true)) BOX_TRY(start());
    for (;;) {
        while (BOX_TRY(read_piece(take))) {
        }
        if (!BOX_TRY(next_file(take))) return {};
    }
}

}  // namespace boxctl::logs
