// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/service_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/init/file.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr long kCgroup2Magic = 0x63677270;  // statfs(2)
constexpr char kOwnLeaf[] = "init";
constexpr mode_t kLeafMode = 0755;

/// "service-NAME"
const char* leaf_name(const Service& service, Line& line) {
    return line.add("service-").add(service.name).text();
}

/// Our own path in the hierarchy of version 2, from the line "0::/PATH" (cgroups(7)); without /proc
/// it is the root, as in every container with a cgroup namespace.
const char* own_path(char (&text)[4096]) {
    if (read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof text) < 0) return "/";
    char* line = text;
    while (line != nullptr && strncmp(line, "0::", 3) != 0) {
        line = strchr(line, '\n');
        if (line != nullptr) ++line;
    }
    if (line == nullptr) return nullptr;
    char* end = strchr(line, '\n');
    if (end != nullptr) *end = '\0';
    return line + 3;
}

int open_own(const char* path) {
    if (after_prefix(path, "/..") != nullptr) return -1;  // outside of our cgroup namespace
    static constexpr const char* kMounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    for (const char* mount : kMounts) {
        Line place;
        place.add(mount).add(path);
        const int directory = ::open(place.text(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) continue;
        struct statfs type = {};
        if (fstatfs(directory, &type) == 0 && type.f_type == kCgroup2Magic) return directory;
        (void)::close(directory);
    }
    return -1;
}

int write_limits(int leaf, const Limits& limits) {
    int error = 0;
    if (limits.memory_max != 0) {
        error = write_number(leaf, "memory.max", limits.memory_max);
        // One process of a service killed for memory leaves half a service behind.
        (void)write_small(leaf, "memory.oom.group", "1");
    }
    if (error == 0 && limits.cpu_percent != 0) {
        Line quota;
        quota.add(int64_t{limits.cpu_percent} * 1000).add(" 100000");
        error = write_small(leaf, "cpu.max", quota.text());
    }
    if (error == 0 && limits.tasks_max != 0) {
        error = write_number(leaf, "pids.max", limits.tasks_max);
    }
    return error;
}

int64_t read_value(int leaf, const char* name, const char* key) {
    char text[1024];
    if (read_small(leaf, name, text, sizeof text) < 0) return -1;
    const char* at = key == nullptr ? text : strstr(text, key);
    if (at == nullptr) return -1;
    if (key != nullptr) at += strlen(key);
    int64_t value = 0;
    if (*at < '0' || *at > '9') return -1;
    for (; *at >= '0' && *at <= '9' && value < INT64_MAX / 10 - 1; ++at)
        value = value * 10 + (*at - '0');
    return value;
}

}  // namespace

const char* ServiceCgroups::open(const Services& services) {
    char text[4096];
    const char* path = own_path(text);
    own_ = path == nullptr ? -1 : open_own(path);
    if (own_ < 0) return "cgroup version 2 is not mounted";
    const bool made = mkdirat(own_, kOwnLeaf, kLeafMode) == 0 || errno == EEXIST;
    Line procs;
    procs.add(kOwnLeaf).add("/cgroup.procs");
    const int error = made ? write_small(own_, procs.text(), "0") : errno;
    if (error != 0) {
        (void)unlinkat(own_, kOwnLeaf, AT_REMOVEDIR);
        (void)::close(own_);
        own_ = -1;
        return error == EROFS || error == EACCES ? "cgroups are not writable" : errno_text(error);
    }
    for (uint32_t i = 0; i < services.count; ++i) {
        const Limits& limits = services.list[i].limits;
        const char* wanted[] = {limits.memory_max != 0 ? "+memory" : nullptr,
                                limits.cpu_percent != 0 ? "+cpu" : nullptr,
                                limits.tasks_max != 0 ? "+pids" : nullptr};
        for (const char* controller : wanted) {
            if (controller == nullptr) continue;
            // A controller that cannot be had shows when the limit is written: make_leaf().
            (void)write_small(own_, "cgroup.subtree_control", controller);
        }
    }
    return nullptr;
}

Leaf ServiceCgroups::make_leaf(const Service& service, bool& limited) const {
    limited = !service.limits.need_cgroup();
    Leaf leaf;
    if (own_ < 0) return leaf;
    Line name;
    leaf_name(service, name);
    if (mkdirat(own_, name.text(), kLeafMode) < 0 && errno != EEXIST) return leaf;
    leaf.directory = openat(own_, name.text(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (leaf.directory < 0) return leaf;
    if (write_limits(leaf.directory, service.limits) == 0) limited = true;
    leaf.procs = openat(leaf.directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    leaf.kill = openat(leaf.directory, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    leaf.events = openat(leaf.directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
    return leaf;
}

void ServiceCgroups::close(const Services& services) {
    if (own_ < 0) return;
    for (uint32_t i = 0; i < services.count; ++i) {
        Line name;
        (void)unlinkat(own_, leaf_name(services.list[i], name), AT_REMOVEDIR);
    }
    // With controllers on, no process may be in the cgroup above; they end with the last leaf.
    (void)write_small(own_, "cgroup.subtree_control", "-memory");
    (void)write_small(own_, "cgroup.subtree_control", "-cpu");
    (void)write_small(own_, "cgroup.subtree_control", "-pids");
    if (write_small(own_, "cgroup.procs", "0") == 0) (void)unlinkat(own_, kOwnLeaf, AT_REMOVEDIR);
    (void)::close(own_);
    own_ = -1;
}

int join_leaf(const Leaf& leaf) {
    return write(leaf.procs, "0", 1) == 1 ? 0 : errno;
}

void signal_leaf(const Leaf& leaf, int signal) {
    const int list = openat(leaf.directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    if (list < 0) return;
    char text[4096];
    pid_t pid = 0;
    ssize_t got = 0;
    while ((got = read(list, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < got; ++i) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            // 0: a process of an outer PID namespace
            if (pid > 1) (void)kill(pid, signal);
            pid = 0;
        }
    }
    (void)::close(list);
}

void kill_leaf(const Leaf& leaf) {
    if (leaf.kill >= 0 && write(leaf.kill, "1", 1) == 1) return;
    // Before Linux 5.14: again and again, until the caller finds it empty.
    signal_leaf(leaf, SIGKILL);
}

bool is_populated(const Leaf& leaf) {
    char text[256] = {};
    if (leaf.events < 0 || pread(leaf.events, text, sizeof text - 1, 0) <= 0) return false;
    return strstr(text, "populated 1") != nullptr;
}

Usage read_usage(const Leaf& leaf) {
    Usage usage;
    if (leaf.directory < 0) return usage;
    usage.cpu_usec = read_value(leaf.directory, "cpu.stat", "usage_usec ");
    usage.memory = read_value(leaf.directory, "memory.current", nullptr);
    usage.processes = read_value(leaf.directory, "pids.current", nullptr);
    usage.known = usage.cpu_usec >= 0;
    return usage;
}

}  // namespace boxctl::init
