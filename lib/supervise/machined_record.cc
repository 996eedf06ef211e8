// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/machined_record.h"

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::supervise {
namespace {

constexpr size_t kMostBytes = 1U << 16U;
constexpr std::string_view kLeader = "LEADER=";

/// The number in the line of the leader; 0: there is none.
pid_t read_leader(std::string_view text) {
    for (const std::string& line : split(text, '\n')) {
        if (!line.starts_with(kLeader)) continue;
        const auto pid = parse_u32(std::string_view(line).substr(kLeader.size()));
        return pid ? static_cast<pid_t>(*pid) : 0;
    }
    return 0;
}

}  // namespace

bool is_dead(pid_t pid) {
    const auto pidfd = os::open_pidfd(pid);
    return pidfd ? os::has_ended(*pidfd) : pidfd.error().code() == ESRCH;
}

Result<bool> forget_dead_machine(os::BorrowedFd records, const std::string& name) {
    auto file = os::open_in(records, name, O_RDONLY | O_NONBLOCK, os::Follow::no_symlinks);
    if (!file && file.error().code() == ENOENT) return false;
    if (!file) return std::move(file).error();
    const pid_t leader = read_leader(BOX_TRY(os::read_fd(*file, kMostBytes)));
    if (leader <= 0 || !is_dead(leader)) return false;
    BOX_TRY(os::remove_file_at(records, name));
    return true;
}

}  // namespace boxctl::supervise
