// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/control.h"

#include <algorithm>
#include <iterator>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::rootfs {
namespace {

constexpr const char* kPlaces[] = {"/run/boxctl", "/run/dbus", "/run/systemd/private",
                                   "/run/systemd/io.systemd.Manager"};

/// Is `path` the directory `top` or below it?
bool is_in(const std::string& path, const std::string& top) {
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

}  // namespace

bool shows_control(const std::string& path, bool recursive) {
    // /run is a mount of its own: a bind of / alone shows an empty directory there.
    if (path == "/") return recursive;
    return std::any_of(std::begin(kPlaces), std::end(kPlaces),
                       [&](const char* place) { return is_in(path, place) || is_in(place, path); });
}

Result<void> refuse_control(os::BorrowedFd source, bool recursive) {
    const std::string path = BOX_TRY(os::host_path(source));
    if (!shows_control(path, recursive)) return {};
    Error error(EPERM, "bind " + quote(path) + ": it holds sockets that command the host");
    error.set_hint("a box that may do so gets it with the option :control");
    return error;
}

}  // namespace boxctl::rootfs
