// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/login_line.h"

#include <algorithm>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"

namespace boxctl::shell {
namespace {

constexpr const char* kConsole = "/dev/console";
constexpr std::string_view kDev = "/dev/";
constexpr size_t kMostBytes = 64U << 10U;

/// Would root get in on the console, and not on `line`?
Result<bool> console_is_better(os::BorrowedFd root, const std::string& line) {
    const auto securetty = os::read_untrusted(root, "/etc/securetty", kMostBytes);
    // None: root may log in anywhere. One that is no such file is between the box and its login.
    if (!securetty || !line.starts_with(kDev)) return false;
    if (may_log_in(*securetty, std::string_view(line).substr(kDev.size())) ||
        !may_log_in(*securetty, "console")) {
        return false;
    }
    // As every box with a console has it, a mount of its own: it can be covered without the box.
    const auto console = os::open_in(root, kConsole, O_PATH, os::Follow::no_symlinks);
    if (!console) return false;
    const os::UniqueFd dev = BOX_TRY(os::open_in(root, "/dev", O_PATH | O_DIRECTORY));
    return BOX_TRY(os::mount_id(*console)) != BOX_TRY(os::mount_id(dev));
}

}  // namespace

bool may_log_in(std::string_view securetty, std::string_view name) {
    const std::vector<std::string> lines = split(securetty, '\n');
    return std::any_of(lines.begin(), lines.end(), [&](std::string_view listed) {
        listed = listed.substr(0, listed.find_last_not_of(" \t\r") + 1);
        return listed == name;
    });
}

Result<std::string> make_login_line(const std::string& line) {
    const os::UniqueFd shared_root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    if (!BOX_TRY(console_is_better(shared_root, line))) return line;
    BOX_TRY(os::unshare_namespaces(CLONE_NEWNS).context("copy the mounts"));
    const os::UniqueFd root = BOX_TRY(os::open_host("/", O_PATH | O_DIRECTORY));
    const os::UniqueFd console =
            BOX_TRY(os::open_in(root, kConsole, O_PATH, os::Follow::no_symlinks));
    os::MountChange alone;
    alone.propagation = MS_SLAVE;
    BOX_TRY(os::change_mount(console, alone, os::Recursion::one).context("leave the console"));
    const os::UniqueFd terminal = BOX_TRY(os::open_in(root, line, O_PATH, os::Follow::no_symlinks));
    const os::UniqueFd cover = BOX_TRY(os::clone_mount(terminal, "", os::Recursion::one));
    os::MountChange apart;
    apart.propagation = MS_PRIVATE;
    BOX_TRY(os::change_mount(cover, apart, os::Recursion::one));
    BOX_TRY(os::attach_mount(cover, console).context("show the terminal as the console"));
    return std::string(kConsole);
}

}  // namespace boxctl::shell
