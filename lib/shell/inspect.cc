// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/inspect.h"

#include <algorithm>

#include <fcntl.h>
#include <sched.h>

#include "lib/base/text.h"
#include "lib/cgroup/apply.h"
#include "lib/host/os_release.h"
#include "lib/os/file.h"

namespace boxctl::shell {
namespace {

constexpr size_t kMostText = 16U << 20U;

/// In and below a cgroup, but for boxctl itself.
uint64_t count_below(os::BorrowedFd dir, uint32_t depth) {
    uint64_t count = 0;
    const auto list = os::open_in(dir, "cgroup.procs", O_RDONLY, os::Follow::no_symlinks);
    if (list) {
        // A threaded cgroup refuses (EOPNOTSUPP): its processes are listed by the one above it.
        const auto text = os::read_fd(*list, kMostText);
        if (text) count += static_cast<uint64_t>(std::count(text->begin(), text->end(), '\n'));
    }
    const auto names = os::list_directory(dir);
    if (!names || depth > cgroup::kMaxDepth) return count;
    for (const std::string& name : *names) {
        if (depth == 0 && name == "supervisor") continue;
        const auto child = os::open_in(dir, name, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
        if (child) count += count_below(*child, depth + 1);
    }
    return count;
}

}  // namespace

Result<os::UniqueFd> open_cgroup(const state::Record& box) {
    if (box.cgroup.empty()) return Error("machine " + quote(box.name) + " has no cgroup");
    return os::open_host(box.cgroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

std::optional<uint64_t> count_processes(const state::Record& box) {
    const auto dir = open_cgroup(box);
    if (!dir) return std::nullopt;
    return count_below(*dir, 0);
}

std::string distribution_of(const state::Record& box) {
    const auto root = os::open_named(box.root, O_PATH | O_DIRECTORY);
    if (!root) return {};
    for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
        const auto text = os::read_untrusted(*root, path, host::kOsReleaseLimit);
        if (!text) continue;
        for (const auto& [key, value] : host::parse_os_release(*text)) {
            if (key == "PRETTY_NAME") return value;
        }
    }
    return {};
}

std::vector<std::string> namespaces_of(const state::Record& box) {
    constexpr struct {
        uint64_t flag;
        const char* name;
    } kNames[] = {{CLONE_NEWUSER, "user"}, {CLONE_NEWNET, "net"},   {CLONE_NEWIPC, "ipc"},
                  {CLONE_NEWUTS, "uts"},   {CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"}};
    std::vector<std::string> names = {"mnt", "pid"};
    for (const auto& each : kNames) {
        if ((box.namespaces & each.flag) != 0) names.emplace_back(each.name);
    }
    return names;
}

}  // namespace boxctl::shell
