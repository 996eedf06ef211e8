// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/peer.h"

#include <array>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::endpoint {
namespace {

// <linux/pidfd.h> and <asm/socket.h> of Linux 6.16; older headers lack them.
constexpr int kSoPeerPidfd = 77;
struct PidfdInfo {
    uint64_t mask;
    uint64_t cgroup_id;
    uint32_t ids[11];
    int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64, "PIDFD_INFO_SIZE_VER0");
constexpr uint64_t kInfoCgroup = 1U << 2U;
constexpr uint64_t kInfoExit = 1U << 3U;

/// 0 when the kernel does not tell.
uint64_t cgroup_of_peer(os::BorrowedFd socket) {
    int fd = -1;
    socklen_t length = sizeof fd;
    if (getsockopt(socket.get(), SOL_SOCKET, kSoPeerPidfd, &fd, &length) < 0) return 0;
    const os::UniqueFd pidfd(fd);
    PidfdInfo info = {};
    // Also of a process that has exited and was reaped.
    info.mask = kInfoCgroup | kInfoExit;
    if (ioctl(pidfd.get(), _IOWR(0xFF, 11, PidfdInfo), &info) < 0) return 0;
    return (info.mask & kInfoCgroup) != 0 ? info.cgroup_id : 0;
}

/// Where the cgroup with this id is, by the file handle that cgroup2 makes of it; empty when it is
/// gone or out of reach.
std::string path_of_cgroup(os::BorrowedFd mount, uint64_t id) {
    constexpr int kKernfsHandle = 0xfe;  // FILEID_KERNFS
    alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof id> space = {};
    auto* const handle = reinterpret_cast<file_handle*>(space.data());
    handle->handle_bytes = sizeof id;
    handle->handle_type = kKernfsHandle;
    memcpy(space.data() + sizeof(file_handle), &id, sizeof id);
    const os::UniqueFd fd(open_by_handle_at(mount.get(), handle, O_PATH | O_CLOEXEC));
    if (!fd.valid()) return {};
    char path[PATH_MAX];
    const ssize_t length = readlink(os::fd_path(fd).c_str(), path, sizeof path);
    return length < 0 ? std::string() : std::string(path, static_cast<size_t>(length));
}

Peer::Side side_of(os::BorrowedFd socket, const std::string& box_cgroup) {
    if (box_cgroup.empty()) return Peer::Side::unknown;
    const uint64_t id = cgroup_of_peer(socket);
    if (id == 0) return Peer::Side::unknown;
    const auto mount = os::open_host(box_cgroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!mount) return Peer::Side::unknown;
    const std::string path = path_of_cgroup(*mount, id);
    if (path.empty()) return Peer::Side::unknown;
    return (path + "/").starts_with(box_cgroup + "/") ? Peer::Side::inside : Peer::Side::outside;
}

}  // namespace

Result<Peer> probe_peer(os::BorrowedFd socket, const std::string& box_cgroup) {
    ucred credentials = {};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) {
        return errno_error("look at the other end of a connection");
    }
    return Peer{credentials.uid, side_of(socket, box_cgroup)};
}

}  // namespace boxctl::endpoint
