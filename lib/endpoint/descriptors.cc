// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/descriptors.h"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::endpoint {
namespace {

/// On a file system of the host that nobody but its kernel serves?
bool is_on_host(dev_t device) {
    const auto text = os::read_file("/proc/self/mountinfo", 16U << 20U);
    if (!text) return false;
    const std::string wanted = format("%u:%u", major(device), minor(device));
    for (const std::string& line : split(*text, '\n')) {
        const std::vector<std::string> fields = split(line, ' ');
        if (fields.size() < 3 || fields[2] != wanted) continue;
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        return dash != fields.end() && dash + 1 != fields.end() && !(dash + 1)->starts_with("fuse");
    }
    return false;
}

}  // namespace

bool is_harmless(os::BorrowedFd fd) {
    struct statx status = {};
    // Without asking the server of a network or FUSE file system (statx(2)).
    if (statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0) {
        return false;
    }
    if ((fcntl(fd.get(), F_GETFL) & O_PATH) != 0) return false;
    switch (status.stx_mode & S_IFMT) {
        case S_IFIFO:
        case S_IFSOCK:
        case S_IFCHR:
            return true;
        case S_IFREG:
            return fcntl(fd.get(), F_GET_SEALS) >= 0 ||
                   is_on_host(makedev(status.stx_dev_major, status.stx_dev_minor));
        default:
            return false;
    }
}

std::vector<os::UniqueFd> take_descriptors(msghdr& header) {
    std::vector<os::UniqueFd> fds;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd = -1;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return fds;
}

void Janitor::dispose(os::UniqueFd fd) {
    constexpr unsigned kPatience = 1;  // s
    children_.remove_if([](const Child& child) { return !child.source.active(); });
    os::CloneRequest request;
    request.flags = CLONE_FILES;
    auto cloned = os::clone_process(request);
    // Without a process the descriptor stays open: better than a supervisor that hangs.
    const int number = fd.release();
    if (!cloned) return;
    if (cloned->pid == 0) {
        // --- The child: shares the descriptors. The entry is gone from the table before the file
        // system is asked; only this process waits for the answer, and the alarm ends that. ---
        alarm(kPatience);
        close_range(static_cast<unsigned>(number), static_cast<unsigned>(number), 0);
        _exit(0);
    }
    Child& child = children_.emplace_back();
    child.pidfd = std::move(cloned->pidfd);
    auto source = loop_.add_child(child.pidfd, [&child](os::ExitStatus) {
        child.source.reset();
        child.pidfd.reset();
    });
    if (source) child.source = std::move(source).value();
}

}  // namespace boxctl::endpoint
