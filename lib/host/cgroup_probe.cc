// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/host/lines.h"
#include "lib/host/probe.h"
#include "lib/os/bpf.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

bool is_cgroup2(const char* path) {
    struct statfs status = {};
    return statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

namespace {

/// systemd marks the cgroup of a unit that has Delegate= (CGROUP_DELEGATION in its documents). A
/// leaf made by DelegateSubgroup= has no mark of its own.
bool is_delegated(std::string dir) {
    constexpr std::string_view kLeaf = "/supervisor";
    if (dir.ends_with(kLeaf)) dir.resize(dir.size() - kLeaf.size());
    for (const char* name : {"trusted.delegate", "user.delegate"}) {
        char mark = 0;
        if (getxattr(dir.c_str(), name, &mark, sizeof mark) == 1 && mark == '1') return true;
    }
    return false;
}

/// Asked of the mount itself: a kernel without bpf(2) or without CONFIG_CGROUP_BPF says no, and so
/// does whatever confines boxctl itself (a container, a unit) and keeps the call from it.
bool runs_device_programs(const std::string& mount) {
    const auto dir = os::open_host(mount, O_RDONLY | O_DIRECTORY);
    return dir && os::list_device_programs(*dir);
}

}  // namespace

std::string own_cgroup(std::string_view proc_cgroup) {
    // On a hybrid machine the lines of the version 1 hierarchies stand before it.
    while (!proc_cgroup.empty()) {
        const std::string_view line = take_field(proc_cgroup, '\n');
        if (line.starts_with("0::/")) return std::string(line.substr(3));
    }
    return {};
}

CgroupFacts probe_cgroup() {
    CgroupFacts facts;
    if (is_cgroup2("/sys/fs/cgroup")) {
        facts.layout = CgroupLayout::unified;
        facts.mount = "/sys/fs/cgroup";
    } else if (is_cgroup2("/sys/fs/cgroup/unified")) {
        facts.layout = CgroupLayout::hybrid;
        facts.mount = "/sys/fs/cgroup/unified";
    } else {
        return facts;
    }
    if (const auto own = os::read_file("/proc/self/cgroup")) facts.own = own_cgroup(*own);
    if (const auto names = os::read_file(facts.mount + "/cgroup.controllers")) {
        for (std::string& name : split(trim(*names), ' ')) {
            if (!name.empty()) facts.controllers.push_back(std::move(name));
        }
    }
    // Also false for a read-only mount, as an outer container has it (access(2): EROFS).
    facts.writable = faccessat(AT_FDCWD, facts.mount.c_str(), W_OK, AT_EACCESS) == 0;
    // The test of sd_booted(3).
    facts.systemd = access("/run/systemd/system", F_OK) == 0;
    facts.device_programs = runs_device_programs(facts.mount);
    if (facts.systemd) facts.own_delegated = is_delegated(facts.mount + facts.own);
    return facts;
}

}  // namespace boxctl::host
